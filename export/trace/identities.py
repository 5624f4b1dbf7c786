"""Operations that the backend answers with the very tensor that it was given.

A mask is an attribute of a tensor, so that it passes through these, and is lost in all
others: `SpectralNormalization`, for one, casts what its layer returns, to the dtype
that it has. The trace follows the backend that runs it:

1. a cast to the same dtype, and the real part and the conjugate of real numbers, return
   their argument; NumPy makes a new array of a cast, and JAX of the others;
2. on JAX, so do a reshape, a transpose, a broadcast and an index that change nothing,
   and a concatenation of one tensor;
3. on TensorFlow, axes that are moved or swapped with themselves do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.kinds import LAYER, operation_kind
from keras_acts.export.trace.shapes.output_spec import output_spec
from keras_acts.export.trace.tensors import TracedTensor

_Rule = Callable[..., bool]


def own_argument(kind: str, operation: Any, args: Any, kwargs: Any) -> Any:
    """Return the masked argument that a call returns as it is, None without one."""
    name = f"layers.{type(operation).__name__}" if kind == LAYER else kind
    rule = _RULES.get(keras.backend.backend(), {}).get(name)
    if rule is None or not args:
        return None
    x, *others = args
    if isinstance(x, list | tuple) and len(x) == 1:
        (x,) = x
    if not isinstance(x, TracedTensor) or reads.mask_of(x) is None:
        return None  # without a mask, files are the same on every backend
    return x if rule(operation, x, *others, **kwargs) else None


def _same_dtype(operation: Any, x: Any) -> bool:
    dtype = operation.dtype
    return dtype is None or keras.backend.standardize_dtype(dtype) == x.dtype


def _is_real(_operation: Any, x: Any) -> bool:
    return not x.dtype.startswith("complex")


def _same_shape(operation: Any, x: Any) -> bool:
    """Whether the sizes stay, of which one at most is unknown."""
    kind = LAYER if isinstance(operation, keras.Layer) else operation_kind(operation)
    shape = tuple(output_spec(kind, operation, (x,), {}).shape)
    return shape == tuple(x.shape) and shape.count(None) < 2


def _same_order(operation: Any, x: Any) -> bool:
    rank = len(x.shape)
    axes = operation.axes or range(rank)[::-1]
    return [axis % rank for axis in axes] == list(range(rank))


def _whole(_operation: Any, x: Any, key: Any) -> bool:
    """Whether an index takes all of each axis, in order."""
    keys = key if isinstance(key, tuple) else (key,)
    if not all(one is Ellipsis or isinstance(one, slice) for one in keys):
        return False
    dots = [i for i, one in enumerate(keys) if one is Ellipsis]
    if dots:
        missing = len(x.shape) - len(keys) + 1
        keys = (*keys[: dots[0]], *[slice(None)] * missing, *keys[dots[0] + 1 :])
    return all(map(_takes_all, x.shape, keys))


def _takes_all(size: int | None, key: slice) -> bool:
    ends = (key.start, key.stop, key.step)
    if any(isinstance(end, TracedTensor) for end in ends):
        return False
    if size is None:
        return ends in [(None, None, None), (0, None, None), (0, None, 1)]
    return range(*key.indices(size)) == range(size)


def _is_single(_operation: Any, _x: Any) -> bool:
    return True


def _axes_stay(before: str, after: str) -> _Rule:
    def stay(operation: Any, x: Any) -> bool:
        return _axes(operation, before, x) == _axes(operation, after, x)

    return stay


def _axes(operation: Any, name: str, x: Any) -> list[int]:
    given = getattr(operation, name)
    several = given if isinstance(given, list | tuple) else [given]
    return [axis % len(x.shape) for axis in several]


_CASTS: Mapping[str, _Rule] = dict.fromkeys(
    ("core.Cast", "core.ConvertToTensor"), _same_dtype
)
_PARTS: Mapping[str, _Rule] = dict.fromkeys(
    ("numpy.Conj", "numpy.Conjugate", "numpy.Real"), _is_real
)
_RULES: Mapping[str, Mapping[str, _Rule]] = {
    "jax": {
        **_CASTS,
        "layers.Flatten": _same_shape,
        "layers.Reshape": _same_shape,
        "numpy.BroadcastTo": _same_shape,
        "numpy.Concatenate": _is_single,
        "numpy.GetItem": _whole,
        "numpy.Reshape": _same_shape,
        "numpy.Transpose": _same_order,
    },
    "numpy": _PARTS,
    "openvino": _CASTS,
    "tensorflow": {
        **_CASTS,
        **_PARTS,
        "numpy.Moveaxis": _axes_stay("source", "destination"),
        "numpy.Swapaxes": _axes_stay("axis1", "axis2"),
    },
    "torch": {**_CASTS, **_PARTS},
}
"""By backend, when an operation, or a layer of one node, returns its argument."""
