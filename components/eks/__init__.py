"""A cluster on Amazon EKS. Nothing else imports Pulumi's packages for AWS, and nothing imports this in vain."""
