"""What a verification found, as data and as a table."""
