"""What an export leaves as it was: modes and attributes of layers, random states."""

from keras_acts.export.trace.untouched.attributes import untouched
from keras_acts.export.trace.untouched.random_state import random_state_kept

__all__ = ["random_state_kept", "untouched"]
