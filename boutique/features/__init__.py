"""What a feature stack deploys."""
