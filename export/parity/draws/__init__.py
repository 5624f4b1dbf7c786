"""Outputs that draw random numbers, compared by their distribution."""
