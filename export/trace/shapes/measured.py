"""What a call really returns, as its backend says without computing it.

Keras's `compute_output_spec` promotes dtypes by one set of rules. The backends promote
integers, booleans and mixed floats by their own, and a number beside a tensor by the
tensor's dtype or by its own. Keras can ask the backend to run a function on symbols, as
it does for operations without shape inference:

1. a dtype that backends promote to is the one that the backend gives, unless numbers of
   64 bits take part that it would narrow, or float64, in which it may compute less. Of
   such integers it says alone where the result is a float: Keras may say an integer;
2. a call that Keras's shape inference refuses has the shape and dtype that the backend
   gives, if that takes the call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import KerasTensor

from keras_acts.export.trace.graph import Shape
from keras_acts.export.trace.shapes.backend_spec import backend_spec
from keras_acts.export.trace.structure import flatten, map_structure
from keras_acts.export.trace.tensors import (
    has_traced,
    map_leaves,
    traced_statics,
    with_statics,
)

_SIZES = (1, None)
"""What stands for unknown sizes where dtypes are asked for: sizes that broadcast, then
symbols."""

_SMALL = 5
"""Another size than the one that a backend takes for a symbol."""

_LARGEST = 10**7
"""A tensor of more elements is not asked about: torch may need to make it for that."""

_WIDE = frozenset(("float64", "int64", "uint64", "complex64", "complex128"))


def corrected(spec: Callable[[], Any], operation: Any, args: Any, kwargs: Any) -> Any:
    """Return the spec that a function infers, corrected by the backend (cases 1, 2).

    Args:
        spec: Infers the spec, or raises an error.
        operation: The operation of Keras.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """
    statics = traced_statics(operation)
    if _has_sizes((args, kwargs)):
        return spec()
    try:
        inferred = spec()
    except Exception:
        described = _described(operation, statics, args, kwargs)
        if described is None:
            raise
        return described
    structure = args, kwargs, statics
    if not _is_promoted(structure, inferred):
        return inferred
    is_narrowed = _narrows() and bool(_WIDE.intersection(_dtypes(structure)))
    for size in _SIZES:
        measured = _measured(operation, statics, args, kwargs, size)
        if measured is not None:
            return _with_dtypes(inferred, measured, floats_alone=is_narrowed)
    return inferred if is_narrowed else map_structure(_held, inferred)


def _described(operation: Any, statics: Any, args: Any, kwargs: Any) -> Any:
    """Return what the backend says of a refused call, None if it refuses it too."""
    # A symbol that stands for a size has no number, and so no shape follows.
    if any(not x.shape for x in flatten(list(statics.values()))):
        return None
    symbolic, small = (
        _measured(operation, statics, args, kwargs, size) for size in (None, _SMALL)
    )
    if symbolic is None or small is None:
        return symbolic
    # As many results as a size that is unknown are none that can be described.
    return symbolic if len(flatten(symbolic)) == len(flatten(small)) else None


def _measured(
    operation: Any, statics: Any, args: Any, kwargs: Any, size: int | None = None
) -> Any:
    """Return what the backend says that a call returns, None if it refuses it.

    Args:
        operation: The operation.
        statics: Its attributes that are traced.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        size: The size in the place of one that no tensor knows; None for symbols in the
            place of all.
    """

    def call(statics: Any, *args: Any, **kwargs: Any) -> Any:
        return with_statics(operation, statics).call(*args, **kwargs)

    given = statics, args, kwargs
    arrays = KerasTensor, np.ndarray, keras.Variable
    shapes = [tuple(x.shape) for x in flatten(given) if isinstance(x, arrays)]
    statics, args, kwargs = map_leaves(partial(_plain, shapes, size), given)
    return backend_spec(call, statics, *args, **kwargs)


def _held(x: Any) -> Any:
    """Return a spec with the dtype in which the backend holds such numbers."""
    if x is None or x.dtype not in ("uint16", "uint32", "uint64") or _narrows():
        return x
    one = keras.ops.convert_to_tensor(np.ones((), x.dtype))
    return KerasTensor(x.shape, keras.backend.standardize_dtype(one.dtype))


def _plain(shapes: list[Shape], size: int | None, x: Any) -> Any:
    """Return the shape and dtype of a tensor or variable; other values unchanged.

    Unless all unknown sizes are to be symbols, one is that of another tensor there.
    """
    if not isinstance(x, KerasTensor | keras.Variable):
        return x
    sizes = list(x.shape)
    for axis in range(-len(sizes), 0) if size is not None else ():
        if sizes[axis] is None:
            others = (shape[axis] for shape in shapes if len(shape) >= -axis)
            sizes[axis] = next((n for n in others if n is not None), size)
    return KerasTensor(sizes, keras.backend.standardize_dtype(x.dtype))


def _has_sizes(structure: Any) -> bool:
    """Whether a traced number is an end of a slice, which no backend knows."""
    ends: list[Any] = []
    for x in flatten(structure):
        if isinstance(x, slice):
            ends += [x.start, x.stop, x.step]
    return has_traced(ends)


def _is_promoted(structure: Any, spec: Any) -> bool:
    """Case 1: whether dtypes take part that the backends may promote."""
    if any(_size(x) > _LARGEST for x in flatten(structure)):
        return False
    dtypes = set(_dtypes(structure))
    if "float64" in dtypes:
        return False
    of_results = {x.dtype for x in flatten(spec) if x is not None}
    if of_results == {"bool"} and "bool" not in dtypes:
        return False
    floats = all(map(keras.backend.is_float_dtype, dtypes | of_results))
    return not (floats and len(dtypes | of_results) == 1)


def _is_float(dtype: Any) -> bool:
    return bool(keras.backend.is_float_dtype(keras.backend.standardize_dtype(dtype)))


def _size(x: Any) -> int:
    """Return the number of elements of a tensor, with 1 for unknown sizes."""
    shape = tuple(getattr(x, "shape", None) or ())
    return math.prod(1 if n is None else n for n in shape)


def _dtypes(structure: Any) -> Iterator[str]:
    for x in flatten(structure):
        dtype = getattr(x, "dtype", None)
        if dtype is not None:
            yield str(keras.backend.standardize_dtype(dtype))


def _narrows() -> bool:
    """Whether the backend computes in 32 bits what has 64."""
    one = keras.ops.convert_to_tensor(np.ones((), "int64"))
    return bool(keras.backend.standardize_dtype(one.dtype) != "int64")


def _with_dtypes(spec: Any, measured: Any, *, floats_alone: bool = False) -> Any:
    """Return a spec with the dtypes of another of as many results.

    Args:
        spec: The spec.
        measured: The other.
        floats_alone: Only floats, in the place of what is none.
    """
    dtypes = [getattr(x, "dtype", None) for x in flatten(measured)]
    if len(dtypes) != len(flatten(spec)):
        return spec
    found = iter(dtypes)

    def typed(x: Any) -> Any:
        dtype = next(found)
        if x is None or dtype is None:
            return x
        if floats_alone and (_is_float(x.dtype) or not _is_float(dtype)):
            return x
        return KerasTensor(x.shape, keras.backend.standardize_dtype(dtype))

    return map_structure(typed, spec)
