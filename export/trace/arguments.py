"""Converts lists and numbers passed for tensors to arrays, as the backends do.

Functions of `keras.ops` also accept lists of numbers for tensors; `compute_output_spec`
and the converters need not handle them.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_acts.export.trace.shapes.indexing import plain_key
from keras_acts.export.trace.tensors import array_of

# Operations whose lists stay lists: indices, and quantiles, which float32 would round.
_LISTS = frozenset(
    f"numpy.{name}"
    for name in ("GetItem", "Nanpercentile", "Nanquantile", "Percentile", "Quantile")
)

# Operations that take a number as a tensor of its own dtype: Keras reads its shape.
_NUMBERS = frozenset(
    f"numpy.{name}"
    for name in (
        *("Append", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Heaviside", "Hypot"),
        *("Gcd", "IsIn", "Kron", "Lcm", "Outer", "SearchSorted"),
    )
)


def with_arrays(kind: str, arguments: Any) -> Any:
    """Return a call's positional or keyword arguments, with arrays for lists."""
    if kind == "numpy.GetItem" and isinstance(arguments, tuple):
        return (arguments[0], *map(plain_key, arguments[1:]))
    if not kind.startswith("numpy.") or kind in _LISTS:
        return arguments
    if isinstance(arguments, dict):
        return {name: _array(kind, x) for name, x in arguments.items()}
    return tuple(_array(kind, x) for x in arguments)


def _array(kind: str, x: Any) -> Any:
    """Convert lists of numbers and eager tensors to arrays; keep the rest."""
    if isinstance(x, keras.Variable):
        return x  # TensorFlow takes it for a tensor
    if keras.ops.is_tensor(x):
        return array_of(x)
    number = isinstance(x, bool | int | float) and kind in _NUMBERS
    if not number and not (isinstance(x, list | tuple) and x and _is_plain(x)):
        return x
    array = np.asarray(x)
    if array.dtype.kind == "f":
        return array.astype(keras.config.floatx())
    fits = array.dtype.kind == "i" and np.abs(array).max(initial=0) < 2**31
    return array.astype("int32") if fits else array


def _is_plain(x: Any) -> bool:
    """Whether something is a number, or a list of numbers of any depth."""
    if isinstance(x, list | tuple):
        return all(map(_is_plain, x))
    return isinstance(x, bool | int | float)
