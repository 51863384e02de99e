"""What every stack keeps, as rules: run by the tests over every stack file, and by Pulumi as a policy pack."""
