"""What the shop is and the rules it follows: pure Python; only `program` imports Pulumi."""
