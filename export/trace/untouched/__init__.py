"""What a trace leaves in a model as it was: modes and attributes of its layers."""

from keras_acts.export.trace.untouched.attributes import untouched

__all__ = ["untouched"]
