"""Calls that become something else than one node of the same kind."""
