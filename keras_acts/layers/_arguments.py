"""Conversion of layer arguments, such as NumPy numbers and tensors, for configs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np


def normalized(value: Any) -> Any:
    """Convert NumPy scalars and scalar tensors to numbers, other tensors to arrays."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) or keras.ops.is_tensor(value):
        array = np.asarray(keras.ops.convert_to_numpy(value))
        return array if array.ndim else array.item()
    return value


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments for a config, with arrays as nested lists."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }


def elements(value: Any) -> list[Any]:
    """Return the numbers in an array, or a single number, as a list to validate."""
    return value.ravel().tolist() if isinstance(value, np.ndarray) else [value]
