"""The vocabulary for an application and its workloads."""
