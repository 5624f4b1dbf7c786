"""What `keras.ops` of NumPy's functions return, where Keras 3.15 describes it wrongly.

Inside a layer a function takes whatever its backends take; Keras's description of the
result, made for calls on symbols, knows fewer forms:

1. the bitwise operations don't broadcast, and refuse numbers, as `heaviside` does;
2. `hstack` and `vstack` misread vectors, `kron` tensors of different ranks;
3. `corrcoef` says its input's shape, `correlate` refuses unknown sizes;
4. `where` of a condition alone gives the indices, a tensor for each axis;
5. the quantiles forget the axis of a list of one;
6. `linspace` says nothing of the step that it returns, nor asks `stop` for its dtype;
7. `meshgrid` refuses a single vector and forgets dtypes; `ndim` is no vector;
8. `digitize` refuses a list, `searchsorted` a number;
9. `unravel_index` by sizes that are unknown keeps the indices' shape;
10. `rot90` by half a turn keeps the sizes;
11. `bincount` of traced weights has their dtype;
12. `average` refuses several axes, `append` and `squeeze` unknown sizes;
13. `select` refuses numbers, and asks the first choice alone.
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

Spec = Callable[..., Any]

_NUMBERS = {bool: "bool", int: "int32", float: "float32"}


def _dtype(x: Any) -> str:
    """Return the dtype of a tensor, or that of the one that backends make of it."""
    if hasattr(x, "dtype"):
        return str(keras.backend.standardize_dtype(x.dtype))
    return _NUMBERS.get(type(x)) or str(np.asarray(x).dtype)


def _shape(x: Any) -> tuple[int | None, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def _broadcast(*tensors: Any) -> tuple[int | None, ...]:
    return broadcast(*map(_shape, tensors))


def _bitwise(_operation: Any, x: Any, y: Any) -> KerasTensor:
    """Rule 1."""
    return KerasTensor(
        _broadcast(x, y), keras.backend.result_type(_dtype(x), _dtype(y))
    )


def _shift(operation: Any, x: Any, y: Any) -> KerasTensor:
    """Rule 1: a number counts bits in any dtype."""
    if isinstance(y, int):
        return KerasTensor(_shape(x), _dtype(x))
    return _bitwise(operation, x, y)


def _heaviside(_operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Rule 1."""
    dtype = keras.backend.result_type(_dtype(x1), _dtype(x2))
    if dtype == "int64":
        dtype = "float64"
    elif keras.backend.is_int_dtype(dtype):
        dtype = keras.config.floatx()
    return KerasTensor(_broadcast(x1, x2), dtype)


def _stacked(axis: int, lowest_rank: int) -> Spec:
    """Rule 2: what stands beside each other along an axis, of vectors too."""

    def spec(_operation: Any, xs: Sequence[Any]) -> KerasTensor:
        given = [_shape(x) for x in xs]
        shapes = [(1,) * (lowest_rank - len(shape)) + shape for shape in given]
        place = min(axis, len(shapes[0]) - 1)
        sizes = [shape[place] for shape in shapes]
        total = _sum(sizes)
        shape = [*shapes[0][:place], total, *shapes[0][place + 1 :]]
        return KerasTensor(shape, keras.backend.result_type(*map(_dtype, xs)))

    return spec


def _kron(_operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Rule 2."""
    rank = max(len(_shape(x1)), len(_shape(x2)))
    pairs = zip(
        *((1,) * (rank - len(_shape(x))) + _shape(x) for x in (x1, x2)), strict=True
    )
    sizes = [None if None in pair else math.prod(pair) for pair in pairs]
    return KerasTensor(sizes, keras.backend.result_type(_dtype(x1), _dtype(x2)))


def _corrcoef(operation: Any, x: Any) -> KerasTensor:
    """Rule 3."""
    shape = (x.shape[0],) * 2 if len(x.shape) == 2 else ()
    return KerasTensor(shape, operation.compute_output_spec(x).dtype)


def _correlate(operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Rule 3."""
    known = [KerasTensor([x.shape[0] or 1], x.dtype) for x in map(_tensor, (x1, x2))]
    spec = operation.compute_output_spec(*known)
    unknown = None in (*_shape(x1), *_shape(x2))
    return KerasTensor([None], spec.dtype) if unknown else spec


def _tensor(x: Any) -> KerasTensor:
    return KerasTensor(_shape(x), _dtype(x))


def _where(
    operation: Any, condition: Any, x1: Any = None, x2: Any = None
) -> KerasTensor | tuple[KerasTensor, ...]:
    """Rule 4."""
    if x1 is None and x2 is None:
        return tuple(KerasTensor((None,), "int32") for _ in condition.shape)
    return operation.compute_output_spec(condition, x1, x2)


def _quantile(operation: Any, x: Any, q: Any) -> KerasTensor:
    """Rule 5."""
    quantiles = KerasTensor(_shape(q), "float32")
    return operation.compute_output_spec(x, quantiles)


def _spaced(operation: Any, start: Any, stop: Any) -> Any:
    """Rule 6."""
    shape = _broadcast(start, stop)
    axis = operation.axis % (len(shape) + 1)
    given = [getattr(x, "dtype", type(x)) for x in (start, stop)]
    dtype = operation.dtype or keras.backend.result_type(*given, float)
    spaced = KerasTensor((*shape[:axis], operation.num, *shape[axis:]), dtype)
    if not getattr(operation, "retstep", False):
        return spaced
    return spaced, KerasTensor(shape, dtype)


def _meshgrid(operation: Any, *x: Any) -> list[KerasTensor]:
    """Rule 7."""
    shapes = [_shape(one) for one in x]
    sizes = [None if None in shape else math.prod(shape) for shape in shapes]  # type: ignore[arg-type]
    if operation.indexing == "xy" and len(sizes) > 1:
        sizes[:2] = sizes[1::-1]
    return [KerasTensor(sizes, _dtype(one)) for one in x]


def _ndim(_operation: Any, _x: Any) -> KerasTensor:
    """Rule 7."""
    return KerasTensor((), "int32")


def _digitize(_operation: Any, x: Any, _bins: Any) -> KerasTensor:
    """Rule 8."""
    return KerasTensor(_shape(x), "int32")


def _searchsorted(operation: Any, sorted_sequence: Any, values: Any) -> KerasTensor:
    """Rule 8."""
    tensors = map(_tensor, (sorted_sequence, values))
    return operation.compute_output_spec(*tensors)


def _unravel_index(operation: Any, indices: Any) -> list[KerasTensor]:
    """Rule 9."""
    return [KerasTensor(_shape(indices), _dtype(indices)) for _ in operation.shape]


def _rot90(operation: Any, array: Any) -> KerasTensor:
    """Rule 10."""
    if operation.k % 2 == 0:
        return KerasTensor(array.shape, array.dtype)
    return operation.compute_output_spec(array)


def _bincount(operation: Any, x: Any) -> KerasTensor:
    """Rule 11."""
    dtype = "int32"
    if operation.weights is not None:
        dtype = keras.backend.result_type(_dtype(x), _dtype(operation.weights))
    return KerasTensor((*x.shape[:-1], None), dtype)


def _average(operation: Any, x: Any, weights: Any = None) -> KerasTensor:
    """Rule 12."""
    dtypes = [_dtype(x), float] + ([] if weights is None else [_dtype(weights)])
    axis = operation.axis
    axes = [axis] if isinstance(axis, int) else axis
    rank = len(x.shape)
    gone = range(rank) if axes is None else [one % rank for one in axes]
    shape = [size for i, size in enumerate(x.shape) if i not in gone]
    return KerasTensor(shape, keras.backend.result_type(*dtypes))


def _append(operation: Any, x1: Any, x2: Any) -> KerasTensor:
    """Rule 12."""
    dtype = keras.backend.result_type(_dtype(x1), _dtype(x2))
    shapes = [_shape(x1), _shape(x2)]
    if operation.axis is None:
        sizes = [None if None in shape else math.prod(shape) for shape in shapes]  # type: ignore[arg-type]
        return KerasTensor([_sum(sizes)], dtype)
    axis = operation.axis % len(shapes[0])
    total = _sum([shape[axis] for shape in shapes])
    return KerasTensor((*shapes[0][:axis], total, *shapes[0][axis + 1 :]), dtype)


def _squeeze(operation: Any, x: Any) -> KerasTensor:
    """Rule 12."""
    if operation.axis is None:
        return operation.compute_output_spec(x)
    axis, rank = operation.axis, len(x.shape)
    gone = [one % rank for one in ([axis] if isinstance(axis, int) else axis)]
    wrong = [i for i in gone if x.shape[i] not in (1, None)]
    if wrong:
        return operation.compute_output_spec(x)  # It says what is wrong.
    left = [size for i, size in enumerate(x.shape) if i not in gone]
    return KerasTensor(left, x.dtype)


def _select(
    _operation: Any,
    condlist: Sequence[Any],
    choicelist: Sequence[Any],
    default: Any = 0,
) -> KerasTensor:
    """Rule 13."""
    types = [getattr(x, "dtype", type(x)) for x in (*choicelist, default)]
    shape = _broadcast(*condlist, *choicelist, default)
    return KerasTensor(shape, keras.backend.result_type(*types))


def _sum(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else sum(sizes)  # type: ignore[arg-type]


NUMPY_SPECS: dict[str, Spec] = {
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
    "numpy.Corrcoef": _corrcoef,
    "numpy.Correlate": _correlate,
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
"""The rule by the kind of the operation; it takes the operation and its arguments."""
