"""Lists with unknown numbers in them, which become tensors: `ops.array([h * w])`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_acts.export.trace.handlers.registry import handler
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.python_code.numbers import TracedNumber, is_number
from keras_acts.export.trace.structure import flatten
from keras_acts.export.trace.tensors import has_traced

_JOINING = frozenset(
    f"numpy.{name}"
    for name in ("Concatenate", "Dstack", "Hstack", "Meshgrid", "Stack", "Vstack")
)
"""Operations whose argument is a list of tensors."""

_KEYS = frozenset(("numpy.GetItem",))


def with_tensors(kind: str, arguments: Any) -> Any:
    """Return a call's positional arguments with tensors for lists of numbers.

    Keras's operations also take lists of numbers for tensors.
    """
    if not isinstance(arguments, tuple) or not kind.startswith("numpy."):
        return arguments
    if kind in _JOINING and arguments and isinstance(arguments[0], list | tuple):
        parts = [_tensor_for(x, alone=True) for x in arguments[0]]
        return (parts, *arguments[1:])
    if kind in _KEYS:
        return arguments
    return tuple(_tensor_for(x) for x in arguments)


def _tensor_for(x: Any, alone: bool = False) -> Any:
    """Return a tensor for a list with a traced number; for any number if `alone`."""
    if (
        isinstance(x, list | tuple)
        and has_traced(x)
        and all(map(is_number, flatten(x)))
    ):
        return tensor_of(x)
    if alone and is_number(x) and not isinstance(x, TracedNumber):
        return np.asarray(x, _dtype_of([x]))
    return x


def tensor_of(x: Any, dtype: str | None = None) -> Any:
    """Return the tensor of a list of numbers and tensors, of any depth."""
    if isinstance(x, list | tuple):
        dtype = dtype or _dtype_of(flatten(x))
        return keras.ops.stack([tensor_of(one, dtype) for one in x])
    if is_number(x) and not isinstance(x, TracedNumber):
        return np.asarray(x, dtype)
    return keras.ops.cast(x, dtype) if dtype else x


def _dtype_of(leaves: list[Any]) -> str:
    """Return the dtype of the tensor that Keras makes of numbers and tensors."""
    types = []
    for x in leaves:
        if isinstance(x, TracedNumber):
            types.append({"bool": bool, "int32": int, "float64": float}[str(x.dtype)])
        else:
            types.append(getattr(x, "dtype", type(x)))
    if all(one is bool for one in types):
        return "bool"
    dtype: str = keras.backend.result_type(*types)
    return dtype


@handler("numpy.Array")
@handler("core.ConvertToTensor")
def _array(recorder: Recorder, op: Any, x: Any) -> Any:
    """Map `ops.array` and `ops.convert_to_tensor` to a stack of a list's elements."""
    if isinstance(x, list | tuple):
        return tensor_of(x, op.dtype)
    if isinstance(x, TracedNumber):
        return keras.ops.cast(x, op.dtype or _dtype_of([x]))
    spec = op.compute_output_spec(x)
    return recorder.record_node("core.ConvertToTensor", (x,), {}, spec, op)
