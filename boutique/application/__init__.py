"""What can be said about an application and its workloads."""
