"""Passes that fold operators into the weights of their neighbors."""
