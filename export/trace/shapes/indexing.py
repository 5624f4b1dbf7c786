"""What `x[key]` takes where the key holds arrays: whole lists of places, or masks.

NumPy's rules: arrays are broadcast against each other, a mask stands for the places
where it holds, one array for each of its axes, and an integer beside arrays is one too.
The axes of the arrays come where the first one stood, or first of all where something
else stands between them.
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
    """A key with arrays, taken apart.

    Attributes:
        basic: The key without them, their axes whole.
        arrays: The arrays and integers, in order.
        axes: The axes of what the basic key gives that each one is for.
        place: Where the axes of the arrays come, among the axes that are left.
    """

    basic: tuple[Any, ...]
    arrays: list[Any]
    axes: list[list[int]]
    place: int


def take_apart(
    key: Sequence[Any], rank: int, mask_rank: Callable[[Any], int | None]
) -> Indexing:
    """Take a key with arrays apart.

    Args:
        key: Its entries.
        rank: The rank of what is indexed.
        mask_rank: Returns the rank of a mask, 0 of places, None of anything else.
    """
    ranks = [mask_rank(one) for one in key]
    wanted = [
        0 if one is None or one is Ellipsis else r or 1
        for one, r in zip(key, ranks, strict=True)
    ]
    rest = [(slice(None), None)] * (rank - sum(wanted))
    entries: list[tuple[Any, int | None]] = []
    for one, r in zip(key, ranks, strict=True):
        entries += rest if one is Ellipsis else [(one, r)]
    if Ellipsis not in [one for one in key if one is Ellipsis]:
        entries += rest
    basic: list[Any] = []
    arrays, axes, taken = [], [], []
    for number, (one, r) in enumerate(entries):
        if r is None and (one is None or isinstance(one, slice)):
            basic.append(one)
            continue
        count = r or 1
        arrays.append(one)
        axes.append(list(range(len(basic), len(basic) + count)))
        taken.append(number)
        basic += [slice(None)] * count
    adjacent = taken == list(range(taken[0], taken[-1] + 1))
    return Indexing(tuple(basic), arrays, axes, axes[0][0] if adjacent else 0)


def plain_key(key: Any) -> tuple[Any, ...]:
    """Return the entries of a key, lists and eager tensors as arrays of integers."""
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
    shape = getattr(x, "shape", None)
    if shape is None:
        return None
    if keras.backend.standardize_dtype(x.dtype) == "bool":
        return len(shape)
    return 0 if len(shape) else None


def has_arrays(key: Any) -> bool:
    """Whether a key, made plain, holds more than integers and slices."""
    return any(_mask_rank(one) is not None for one in key)


def indexed_spec(
    basic_spec: Callable[[tuple[Any, ...]], KerasTensor], x: Any, key: Sequence[Any]
) -> KerasTensor:
    """Return the spec of `x[key]` for a key with arrays.

    Args:
        basic_spec: Returns the spec for a key without.
        x: What is indexed.
        key: Its entries.
    """
    parts = take_apart(key, len(x.shape), _mask_rank)
    gone = [axis for axes in parts.axes for axis in axes]
    sizes = basic_spec(parts.basic).shape
    left = [size for axis, size in enumerate(sizes) if axis not in gone]
    shapes = [
        (None,)
        if _mask_rank(x)
        else np.shape(x)
        if isinstance(x, int)
        else tuple(x.shape)
        for x in parts.arrays
    ]
    shape = [*left[: parts.place], *broadcast(*shapes), *left[parts.place :]]
    return KerasTensor(shape, x.dtype)
