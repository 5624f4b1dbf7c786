"""The automatic names of layers, counted from the beginning."""

from __future__ import annotations

from keras.src.utils import naming


def count_anew() -> None:
    """Set Keras's counters of names to zero."""
    naming.reset_uids()
