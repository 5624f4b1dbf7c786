"""The results of a verification, as data and as a table."""
