"""A model computes in float64 itself, for a while, where it can't be copied.

In a scope of Keras's that gives variables other values, each weight has its own in
float64; each layer gets that policy. Nothing of the model is changed but the policies,
which are put back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

FLOAT64 = "float64"


@contextlib.contextmanager
def widened(model: Any, layers: list[Any]) -> Iterator[None]:
    """Let a model compute in float64 in a `with` block, which `float64_kept` surrounds.

    Args:
        model: The model.
        layers: The model and all layers in it.
    """
    policies = [(layer, layer.dtype_policy) for layer in layers]
    scope = keras.StatelessScope()
    for variable in model.variables:
        if _is_narrow(variable.dtype):
            array = np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
            value = keras.ops.convert_to_tensor(array, dtype=FLOAT64)
            scope.add_update((variable, value))
    try:
        for layer in layers:
            layer.dtype_policy = FLOAT64
        with scope:
            yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy


def _is_narrow(dtype: str) -> bool:
    return "float" in dtype and dtype != FLOAT64
