"""Moments of activations under a unit normal input."""
