"""Shape function of `x[key]` if the key contains arrays of indices or masks.

As in NumPy, the arrays are broadcast against each other. A mask counts as the indices
where it is true, one array for each of its axes; an integer next to arrays counts as
one. The result has their axes at the position of the first array, or first of all if
they are not adjacent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import KerasTensor

from keras_acts.export.trace.shapes.broadcasting import broadcast


@dataclass(frozen=True)
class Indexing:
    """A key, split into basic indexing and indexing by arrays.

    Attributes:
        basic: The key with `slice(None)` in place of each array.
        arrays: The arrays and integers, in order.
        axes: For each array, the axes of `x[basic]` that it indexes.
        position: The index of the arrays' axes in the result's shape.
    """

    basic: tuple[Any, ...]
    arrays: list[Any]
    axes: list[list[int]]
    position: int


def split_key(
    key: Sequence[Any], rank: int, mask_rank: Callable[[Any], int | None]
) -> Indexing:
    """Split a key into basic indexing and indexing by arrays.

    Args:
        key: Its entries.
        rank: The rank of the indexed tensor.
        mask_rank: Returns the rank of a mask, 0 for indices, None for anything else.
    """
    ranks = [mask_rank(one) for one in key]
    consumed = [
        0 if one is None or one is Ellipsis else r or 1
        for one, r in zip(key, ranks, strict=True)
    ]
    rest = [(slice(None), None)] * (rank - sum(consumed))
    entries: list[tuple[Any, int | None]] = []
    for one, r in zip(key, ranks, strict=True):
        entries += rest if one is Ellipsis else [(one, r)]
    if Ellipsis not in [one for one in key if one is Ellipsis]:
        entries += rest
    basic: list[Any] = []
    arrays, axes, positions = [], [], []
    for position, (one, r) in enumerate(entries):
        if r is None and (one is None or isinstance(one, slice)):
            basic.append(one)
            continue
        count = r or 1
        arrays.append(one)
        axes.append(list(range(len(basic), len(basic) + count)))
        positions.append(position)
        basic += [slice(None)] * count
    adjacent = positions == list(range(positions[0], positions[-1] + 1))
    return Indexing(tuple(basic), arrays, axes, axes[0][0] if adjacent else 0)


def plain_key(key: Any) -> tuple[Any, ...]:
    """Return the entries of a key, with lists and eager tensors as integer arrays."""
    entries = key if isinstance(key, list | tuple) else (key,)
    result: list[Any] = []
    for one in entries:
        if isinstance(one, list | tuple) or _is_array(one):
            array = np.asarray(
                keras.ops.convert_to_numpy(one) if _is_array(one) else one
            )
            result += np.nonzero(array) if array.dtype == bool else [array]
        else:
            result.append(one)
    return tuple(
        int(x) if isinstance(x, np.ndarray) and not x.ndim else x for x in result
    )


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) or keras.ops.is_tensor(x)


def _mask_rank(x: Any) -> int | None:
    """Return the rank of a mask, 0 for an array of indices, None for anything else."""
    shape = getattr(x, "shape", None)
    if shape is None:
        return None
    if keras.backend.standardize_dtype(x.dtype) == "bool":
        return len(shape)
    return 0 if len(shape) else None


def has_arrays(key: Any) -> bool:
    """Whether a key from `plain_key` contains arrays."""
    return any(_mask_rank(one) is not None for one in key)


def indexed_spec(
    basic_spec: Callable[[tuple[Any, ...]], KerasTensor], x: Any, key: Sequence[Any]
) -> KerasTensor:
    """Return the shape and dtype of `x[key]` for a key with arrays.

    Args:
        basic_spec: Returns the spec for a key without arrays.
        x: The indexed tensor.
        key: The entries of the key.
    """
    parts = split_key(key, len(x.shape), _mask_rank)
    indexed = [axis for axes in parts.axes for axis in axes]
    sizes = basic_spec(parts.basic).shape
    rest = [size for axis, size in enumerate(sizes) if axis not in indexed]
    shapes = [
        (None,)
        if _mask_rank(x)
        else np.shape(x)
        if isinstance(x, int)
        else tuple(x.shape)
        for x in parts.arrays
    ]
    shape = [*rest[: parts.position], *broadcast(*shapes), *rest[parts.position :]]
    return KerasTensor(shape, x.dtype)
