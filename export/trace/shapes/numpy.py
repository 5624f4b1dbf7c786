"""Shape functions of `keras.ops.numpy`, where Keras 3.15's own are wrong.

Inside a layer, a function accepts whatever its backends accept. Keras's
`compute_output_spec`, made for calls on symbolic tensors, covers less:

1. the bitwise operations don't broadcast, and they refuse numbers, as does `heaviside`;
2. `hstack` and `vstack` are wrong for vectors, `kron` for different ranks;
3. `corrcoef` returns its input's shape, `correlate` refuses unknown sizes;
4. `where` with only a condition returns one tensor, not the indices for each axis;
5. the quantiles drop the axis of a list of one element;
6. `linspace` omits the step that it returns, and ignores the dtype of `stop`;
7. `meshgrid` refuses a single vector and ignores dtypes; `ndim` returns a vector;
8. `digitize` refuses a list, `searchsorted` a number;
9. `unravel_index` forgets the shape of the indices if a size is unknown;
10. `rot90` swaps the sizes even for half a turn;
11. `bincount` refuses traced weights;
12. `average` refuses several axes, `append` and `squeeze` unknown sizes;
13. `select` refuses numbers, and reads the first choice only;
14. `clip` doesn't broadcast;
15. `cross` drops the axis of the coordinates if their number is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import KerasTensor

from keras_acts.export.trace.shapes.broadcasting import broadcast
from keras_acts.export.trace.shapes.einsum import einsum_spec

ShapeFunction = Callable[..., Any]

_NUMBERS = {bool: "bool", int: "int32", float: "float32"}


def _dtype(x: Any) -> str:
    """Return the dtype of a tensor, or of the tensor that backends make of a number."""
    if hasattr(x, "dtype"):
        return str(keras.backend.standardize_dtype(x.dtype))
    return _NUMBERS.get(type(x)) or str(np.asarray(x).dtype)


def _shape(x: Any) -> tuple[int | None, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def _broadcast(*tensors: Any) -> tuple[int | None, ...]:
    return broadcast(*map(_shape, tensors))


def _bitwise(_operation: Any, x: Any, y: Any) -> KerasTensor:
    """Case 1: broadcast the operands and promote their dtypes."""
    return KerasTensor(
        _broadcast(x, y), keras.backend.result_type(_dtype(x), _dtype(y))
    )


def _shift(operation: Any, x: Any, y: Any) -> KerasTensor:
    """Case 1: like `_bitwise`, but a number of bits doesn't change the dtype."""
    if isinstance(y, int):
        return KerasTensor(_shape(x), _dtype(x))
    return _bitwise(operation, x, y)


def _heaviside(_operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Case 1: broadcast the operands; integers become floats."""
    dtype = keras.backend.result_type(_dtype(x1), _dtype(x2))
    if dtype == "int64":
        dtype = "float64"
    elif keras.backend.is_int_dtype(dtype):
        dtype = keras.config.floatx()
    return KerasTensor(_broadcast(x1, x2), dtype)


def _stacked(axis: int, lowest_rank: int) -> ShapeFunction:
    """Case 2: return a function that sums the sizes along the axis of `hstack` etc.

    Args:
        axis: The axis; the last one of tensors that lack it.
        lowest_rank: The rank to which axes of size 1 are prepended.
    """

    def spec(_operation: Any, xs: Sequence[Any]) -> KerasTensor:
        given = [_shape(x) for x in xs]
        shapes = [(1,) * (lowest_rank - len(shape)) + shape for shape in given]
        along = min(axis, len(shapes[0]) - 1)
        sizes = [shape[along] for shape in shapes]
        total = _sum(sizes)
        shape = [*shapes[0][:along], total, *shapes[0][along + 1 :]]
        return KerasTensor(shape, keras.backend.result_type(*map(_dtype, xs)))

    return spec


def _kron(_operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Case 2: multiply the sizes, aligned at the last axis."""
    rank = max(len(_shape(x1)), len(_shape(x2)))
    pairs = zip(
        *((1,) * (rank - len(_shape(x))) + _shape(x) for x in (x1, x2)), strict=True
    )
    sizes = [None if None in pair else math.prod(pair) for pair in pairs]
    return KerasTensor(sizes, keras.backend.result_type(_dtype(x1), _dtype(x2)))


def _corrcoef(operation: Any, x: Any) -> KerasTensor:
    """Case 3: return a square matrix with a row per variable, a scalar for a vector."""
    shape = (x.shape[0],) * 2 if len(x.shape) == 2 else ()
    return KerasTensor(shape, operation.compute_output_spec(x).dtype)


def _correlate(operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Case 3: return a vector, of unknown length if that of an operand is."""
    known = [KerasTensor([x.shape[0] or 1], x.dtype) for x in map(_tensor, (x1, x2))]
    spec = operation.compute_output_spec(*known)
    unknown = None in (*_shape(x1), *_shape(x2))
    return KerasTensor([None], spec.dtype) if unknown else spec


def _tensor(x: Any) -> KerasTensor:
    """Return the spec of a tensor or a number."""
    return KerasTensor(_shape(x), _dtype(x))


def _where(
    operation: Any, condition: Any, x1: Any = None, x2: Any = None
) -> KerasTensor | tuple[KerasTensor, ...]:
    """Case 4: return the indices for each axis if there is only a condition."""
    if x1 is None and x2 is None:
        return tuple(KerasTensor((None,), "int32") for _ in condition.shape)
    return operation.compute_output_spec(condition, x1, x2)


def _quantile(operation: Any, x: Any, q: Any) -> KerasTensor:
    """Case 5: keep the axis of the quantiles, whatever their number."""
    quantiles = KerasTensor(_shape(q), "float32")
    return operation.compute_output_spec(x, quantiles)


def _spaced(operation: Any, start: Any, stop: Any) -> Any:
    """Case 6: insert the axis of the steps, and promote the dtypes to a float."""
    shape = _broadcast(start, stop)
    axis = operation.axis % (len(shape) + 1)
    given = [getattr(x, "dtype", type(x)) for x in (start, stop)]
    dtype = operation.dtype or keras.backend.result_type(*given, float)
    count = operation.num if isinstance(operation.num, int) else None
    spaced = KerasTensor((*shape[:axis], count, *shape[axis:]), dtype)
    if not getattr(operation, "retstep", False):
        return spaced
    return spaced, KerasTensor(shape, dtype)


def _meshgrid(operation: Any, *x: Any) -> list[KerasTensor]:
    """Case 7: return a grid for each vector, in its dtype."""
    shapes = [_shape(one) for one in x]
    sizes = [None if None in shape else math.prod(shape) for shape in shapes]  # type: ignore[arg-type]
    if operation.indexing == "xy" and len(sizes) > 1:
        sizes[:2] = sizes[1::-1]
    return [KerasTensor(sizes, _dtype(one)) for one in x]


def _ndim(_operation: Any, _x: Any) -> KerasTensor:
    """Case 7: return a scalar int32."""
    return KerasTensor((), "int32")


def _digitize(_operation: Any, x: Any, _bins: Any) -> KerasTensor:
    """Case 8: return int32 of the shape of `x`, whatever the bins."""
    return KerasTensor(_shape(x), "int32")


def _searchsorted(operation: Any, sorted_sequence: Any, values: Any) -> KerasTensor:
    """Case 8: take a number as a scalar tensor."""
    tensors = map(_tensor, (sorted_sequence, values))
    return operation.compute_output_spec(*tensors)


def _unravel_index(operation: Any, indices: Any) -> list[KerasTensor]:
    """Case 9: return a tensor like the indices for each axis."""
    return [KerasTensor(_shape(indices), _dtype(indices)) for _ in operation.shape]


def _rot90(operation: Any, array: Any) -> KerasTensor:
    """Case 10: keep the sizes for an even number of quarter turns."""
    if operation.k % 2 == 0:
        return KerasTensor(array.shape, array.dtype)
    return operation.compute_output_spec(array)


def _bincount(operation: Any, x: Any) -> KerasTensor:
    """Case 11: return a last axis of unknown size, in the dtype of the weights."""
    dtype = "int32"
    if operation.weights is not None:
        dtype = keras.backend.result_type(_dtype(x), _dtype(operation.weights))
    return KerasTensor((*x.shape[:-1], None), dtype)


def _average(operation: Any, x: Any, weights: Any = None) -> KerasTensor:
    """Case 12: remove one or several axes, and promote the dtypes to a float."""
    dtypes = [_dtype(x), float] + ([] if weights is None else [_dtype(weights)])
    axis = operation.axis
    axes = [axis] if isinstance(axis, int) else axis
    rank = len(x.shape)
    reduced = range(rank) if axes is None else [one % rank for one in axes]
    shape = [size for i, size in enumerate(x.shape) if i not in reduced]
    return KerasTensor(shape, keras.backend.result_type(*dtypes))


def _append(operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Case 12: sum the sizes along the axis, or of both operands flattened."""
    dtype = keras.backend.result_type(_dtype(x1), _dtype(x2))
    shapes = [_shape(x1), _shape(x2)]
    if operation.axis is None:
        sizes = [None if None in shape else math.prod(shape) for shape in shapes]  # type: ignore[arg-type]
        return KerasTensor([_sum(sizes)], dtype)
    axis = operation.axis % len(shapes[0])
    total = _sum([shape[axis] for shape in shapes])
    return KerasTensor((*shapes[0][:axis], total, *shapes[0][axis + 1 :]), dtype)


def _squeeze(operation: Any, x: Any) -> KerasTensor:
    """Case 12: remove the given axes, assuming that unknown sizes are 1."""
    if operation.axis is None:
        return operation.compute_output_spec(x)
    axis, rank = operation.axis, len(x.shape)
    removed = [one % rank for one in ([axis] if isinstance(axis, int) else axis)]
    wrong = [i for i in removed if x.shape[i] not in (1, None)]
    if wrong:
        return operation.compute_output_spec(x)  # It raises the error.
    shape = [size for i, size in enumerate(x.shape) if i not in removed]
    return KerasTensor(shape, x.dtype)


def _select(
    _operation: Any,
    condlist: Sequence[Any],
    choicelist: Sequence[Any],
    default: Any = 0,
) -> KerasTensor:
    """Case 13: broadcast conditions, choices and default; promote their dtypes."""
    types = [getattr(x, "dtype", type(x)) for x in (*choicelist, default)]
    shape = _broadcast(*condlist, *choicelist, default)
    return KerasTensor(shape, keras.backend.result_type(*types))


def _clip(operation: Any, x: Any) -> KerasTensor:
    """Case 14: broadcast the tensor and the bounds, in the tensor's dtype."""
    spec = operation.compute_output_spec(x)
    return KerasTensor(_broadcast(x, operation.x_min, operation.x_max), spec.dtype)


def _cross(operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Case 15: ask Keras with 3 for an unknown number of coordinates."""

    def known(x: Any, axis: int) -> KerasTensor:
        shape = list(_shape(x))
        shape[axis] = shape[axis] or 3
        return KerasTensor(shape, _dtype(x))

    return operation.compute_output_spec(
        known(x1, operation.axisa), known(x2, operation.axisb)
    )


def _sum(sizes: Sequence[int | None]) -> int | None:
    """Return the sum of sizes, None if one is unknown."""
    return None if None in sizes else sum(sizes)  # type: ignore[arg-type]


NUMPY_SPECS: dict[str, ShapeFunction] = {
    "numpy.Einsum": einsum_spec,
    **dict.fromkeys(
        ("numpy.BitwiseAnd", "numpy.BitwiseOr", "numpy.BitwiseXor"), _bitwise
    ),
    **dict.fromkeys(
        (
            "numpy.BitwiseLeftShift",
            "numpy.BitwiseRightShift",
            "numpy.LeftShift",
            "numpy.RightShift",
        ),
        _shift,
    ),
    **dict.fromkeys(
        (
            "numpy.Nanpercentile",
            "numpy.Nanquantile",
            "numpy.Percentile",
            "numpy.Quantile",
        ),
        _quantile,
    ),
    **dict.fromkeys(("numpy.Geomspace", "numpy.Linspace", "numpy.Logspace"), _spaced),
    "numpy.Append": _append,
    "numpy.Average": _average,
    "numpy.Bincount": _bincount,
    "numpy.Clip": _clip,
    "numpy.Corrcoef": _corrcoef,
    "numpy.Correlate": _correlate,
    "numpy.Cross": _cross,
    "numpy.Digitize": _digitize,
    "numpy.Heaviside": _heaviside,
    "numpy.Hstack": _stacked(1, 1),
    "numpy.Kron": _kron,
    "numpy.Meshgrid": _meshgrid,
    "numpy.Ndim": _ndim,
    "numpy.Rot90": _rot90,
    "numpy.SearchSorted": _searchsorted,
    "numpy.Select": _select,
    "numpy.Squeeze": _squeeze,
    "numpy.UnravelIndex": _unravel_index,
    "numpy.Vstack": _stacked(0, 2),
    "numpy.Where": _where,
}
"""The shape function of each kind; it takes the operation and its arguments."""
