"""Calls of layers that can't be traced: what they take, and what they return."""

from keras_acts.export.trace.islands.islands import NEVER, Island, Islands

__all__ = ["NEVER", "Island", "Islands"]
