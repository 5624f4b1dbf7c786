"""From the runs of a verification to its verdict."""
