"""Calls that a custom layer makes of the backend, by name: a table for each backend.

Each takes a float32 tensor of the shape (batch, time, 4), with negative numbers, and
returns a tensor.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import keras

Call = Callable[[Any], Any]

CHANNELS = 4


def calls() -> Mapping[str, Call]:
    """Return the calls of Keras's backend."""
    module = importlib.import_module(f"support.raw_calls.{keras.backend.backend()}")
    table: Mapping[str, Call] = module.CALLS
    return table


def quick() -> list[str]:
    """Return the names of a few calls, of different kinds."""
    module = importlib.import_module(f"support.raw_calls.{keras.backend.backend()}")
    names: list[str] = module.QUICK
    return names
