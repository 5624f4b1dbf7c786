"""Handlers of operations and layers that aren't recorded as one node of their kind."""
