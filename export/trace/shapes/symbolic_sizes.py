"""Shape functions of operations with sizes that are unknown until the model runs.

`ops.shape(x)` returns a traced integer for each unknown size, so that arithmetic on it
and operations that take it as an argument stay symbolic. Keras's own shape inference
takes integers and None: it is called with None for each traced integer, unless one of
the shape functions below covers the operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.trace.tensors import (
    TracedTensor,
    has_traced,
    map_leaves,
    traced_statics,
    with_statics,
)

SIZE = "trace.Size"
"""The kind of a node that reads a size: its arguments are a tensor and an axis, its
output is a scalar int32."""

CREATION = "trace.creation"
"""The prefix of the kinds of nodes that create a tensor of a traced size."""

ShapeFunction = Callable[..., Any]

_SHAPE_FUNCTIONS: dict[str, ShapeFunction] = {}


def _shape_function(kind: str) -> Callable[[ShapeFunction], ShapeFunction]:
    """Register the shape function of a kind of operation with traced arguments."""

    def decorate(function: ShapeFunction) -> ShapeFunction:
        _SHAPE_FUNCTIONS[kind] = function
        return function

    return decorate


def sized_spec(kind: str, operation: Any, args: Any, kwargs: Any) -> Any:
    """Return an operation's spec, with None for sizes that depend on traced ones."""
    statics = traced_statics(operation)
    if kind in _SHAPE_FUNCTIONS and (statics or has_traced((args, kwargs))):
        return _SHAPE_FUNCTIONS[kind](operation, *args, **kwargs)
    plain = {name: map_leaves(_none_for_traced, x) for name, x in statics.items()}
    return with_statics(operation, plain).compute_output_spec(*args, **kwargs)


def _none_for_traced(x: Any) -> Any:
    return None if isinstance(x, TracedTensor) else x


def _known(size: Any) -> int | None:
    """Return a size as an integer, None if it is traced or None."""
    return None if isinstance(size, TracedTensor) or size is None else int(size)


def _times(size: Any, count: Any) -> int | None:
    """Return a product of sizes, None if one is unknown."""
    known = _known(size), _known(count)
    return None if None in known else known[0] * known[1]  # type: ignore[operator]


def creation_spec(name: str, *args: Any, **kwargs: Any) -> KerasTensor:
    """Return the spec of the tensor that `ops.zeros` or the like creates."""
    shape, dtype = _CREATED[name](*args, **kwargs)
    sizes = shape if isinstance(shape, list | tuple) else (shape,)
    return KerasTensor(tuple(map(_known, sizes)), dtype or keras.backend.floatx())


# For each function: returns the shape and the dtype of its result.
_CREATED: dict[str, Callable[..., tuple[Any, Any]]] = {
    "empty": lambda shape, dtype=None: (shape, dtype),
    "eye": lambda N, M=None, k=0, dtype=None: ((N, N if M is None else M), dtype),  # noqa: ARG005, N803
    "full": lambda shape, fill_value, dtype=None: (shape, dtype),  # noqa: ARG005
    "identity": lambda n, dtype=None: ((n, n), dtype),
    "linspace": lambda start, stop, num=50, dtype=None, **_: (num, dtype),  # noqa: ARG005
    "ones": lambda shape, dtype=None: (shape, dtype),
    "tri": lambda N, M=None, k=0, dtype=None: ((N, N if M is None else M), dtype),  # noqa: ARG005, N803
    "zeros": lambda shape, dtype=None: (shape, dtype),
}


@_shape_function("numpy.Tile")
def _tile(op: Any, x: Any) -> KerasTensor:
    """Multiply the sizes by the repeats, aligned at the last axis."""
    repeats = op.repeats if isinstance(op.repeats, list | tuple) else [op.repeats]
    rank = max(len(x.shape), len(repeats))
    sizes = (1,) * (rank - len(x.shape)) + tuple(x.shape)
    counts = (1,) * (rank - len(repeats)) + tuple(repeats)
    return KerasTensor(tuple(map(_times, sizes, counts)), x.dtype)


@_shape_function("numpy.Repeat")
def _repeat(op: Any, x: Any) -> KerasTensor:
    """Return an unknown size for the repeated axis, or for the flattened tensor."""
    if not has_traced(op.repeats):
        return op.compute_output_spec(x)
    if op.axis is None:
        return KerasTensor((None,), x.dtype)
    shape = list(x.shape)
    shape[op.axis] = None
    return KerasTensor(shape, x.dtype)


@_shape_function("numpy.Arange")
def _arange(op: Any, start: Any, stop: Any = None, step: Any = None) -> KerasTensor:
    """Return a vector of unknown length, in the dtype of the operation or promoted."""
    given = [x for x in (start, stop, step) if x is not None]
    types = [getattr(x, "dtype", type(x)) for x in given]
    return KerasTensor((None,), op.dtype or keras.backend.result_type(*types))


@_shape_function("core.Slice")
def _slice(op: Any, x: Any, start_indices: Any) -> KerasTensor:
    """Return the sizes of the slice; one of -1 extends from the start to the end."""
    sizes = list(op.shape)
    known = not has_traced(start_indices)
    starts = start_indices if known else [None] * len(sizes)
    rest = [
        None if size is None or start is None else size - int(start)
        for size, start in zip(x.shape, starts, strict=True)
    ]
    shape = [
        end if isinstance(size, int) and size == -1 else _known(size)
        for size, end in zip(sizes, rest, strict=True)
    ]
    return KerasTensor(shape, x.dtype)


@_shape_function("numpy.Pad")
def _pad(op: Any, x: Any, constant_values: Any = None) -> KerasTensor:  # noqa: ARG001
    """Add the widths on both sides to each size."""
    widths = list(op.pad_width) * (len(x.shape) if len(op.pad_width) == 1 else 1)
    known = [
        (size, *map(_known, width)) for size, width in zip(x.shape, widths, strict=True)
    ]
    sizes = [None if None in parts else sum(parts) for parts in known]
    return KerasTensor(sizes, x.dtype)


@_shape_function("numpy.GetItem")
def _get_item(op: Any, x: Any, key: Any) -> KerasTensor:
    """Return the sizes of `x[key]`, None for slices whose ends are traced.

    Sizes that depend on traced ends are those that differ between two lengths.
    """
    keys = list(key) if isinstance(key, list | tuple) else [key]

    def probe(length: int, tensor: Any) -> KerasTensor:
        """Ask Keras with `length` in place of each traced end."""
        plain = [_probed(k, length) if has_traced(k) else k for k in keys]
        return op.compute_output_spec(tensor, tuple(plain))

    long = KerasTensor((10**6,) * len(x.shape), x.dtype)
    first, second, known = probe(1, long), probe(2, long), probe(1, x)
    sizes = zip(first.shape, second.shape, known.shape, strict=True)
    return KerasTensor([size if a == b else None for a, b, size in sizes], x.dtype)


def _probed(key: Any, length: int) -> Any:
    """Return a constant key in place of a traced one: a slice or an index."""
    return slice(None, length) if isinstance(key, slice) else 0
