"""A cluster on Amazon EKS: how it is configured, and everything about it that can be worked out beforehand."""
