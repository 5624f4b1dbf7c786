"""What a script of a model needs of us: weights and inputs, by seed."""

from __future__ import annotations

import types
from typing import Any

import keras
import numpy as np


def const(seed: int, shape: Any, dtype: str) -> Any:
    """Return an array of small numbers."""
    rng = np.random.default_rng(seed)
    if "float" in dtype:
        return rng.uniform(0.1, 0.9, shape).astype(dtype)
    return rng.integers(0 if dtype == "bool" else 1, 2, shape).astype(dtype)


def draw(shape: Any, dtype: str, positive: bool = False, seed: int = 0) -> Any:
    """Return an input: normal numbers, numbers from 0.1 to 0.9, or small integers."""
    rng = np.random.default_rng(seed)
    if "float" in dtype:
        normal = rng.normal(size=shape)
        return (rng.uniform(0.1, 0.9, shape) if positive else normal).astype(dtype)
    low, high = (0, 2) if dtype == "bool" else (int(positive), 4)
    return rng.integers(low, high, shape).astype(dtype)


def layers_of(names: Any) -> Any:
    """Return what has the variables of the layers among some variables."""
    found = [x for x in names.values() if isinstance(x, keras.layers.Layer)]
    return types.SimpleNamespace(variables=[v for x in found for v in x.variables])


def randomize(model: Any, seed: int = 5) -> None:
    """Give each floating weight and statistic random values."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        dtype = keras.backend.standardize_dtype(variable.dtype)
        if "float" not in dtype:
            continue
        if "variance" in variable.name:
            values = rng.uniform(0.5, 2.0, variable.shape)
        elif variable.name in ("alpha", "beta"):  # PELU's have to be positive
            values = rng.uniform(0.2, 1.5, variable.shape)
        else:
            values = rng.normal(0.0, 0.5, variable.shape)
        variable.assign(values.astype("float32").astype(dtype))
