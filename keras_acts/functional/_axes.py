"""Axes of a tensor as non-negative integers, and the axes that a mask lacks."""

from collections.abc import Sequence
from typing import Any


def positions(axis: int | Sequence[int], x: Any) -> tuple[int, ...]:
    """Return one or several axes as non-negative integers.

    Raises:
        ValueError: `x` has no such axis, or one is named twice.
    """
    rank = len(x.shape)
    several = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    # As Python's integers, since not every backend takes NumPy's.
    found = tuple(int(one + rank if one < 0 else one) for one in several)
    if len(set(found)) != len(found) or not all(0 <= one < rank for one in found):
        raise ValueError(
            f"`axis` must name axes of `x`, from {-rank} to {rank - 1}, each once. "
            f"Received: axis={axis}, x.shape={tuple(x.shape)}"
        )
    return found


def position(axis: int, x: Any) -> int:
    """Return an axis as a non-negative integer.

    Raises:
        ValueError: `x` has no such axis.
    """
    return positions(axis, x)[0]


def missing_axes(mask: Sequence[Any], x: Sequence[Any]) -> int:
    """Return how many trailing axes a mask needs before it broadcasts.

    That is 0 where it broadcasts as in NumPy. Otherwise the mask has the sizes of the
    leading axes, as the masks `(batch, time)` that Keras propagates with tensors of
    shape `(batch, time, …)`.

    Args:
        mask: The shape of the mask.
        x: The shape of the tensor.

    Raises:
        ValueError: The mask fits neither way.
    """
    shape, full = tuple(mask), tuple(x)
    missing = len(full) - len(shape)
    for fits in (_surely_fits, _may_fit):
        if missing >= 0 and fits(shape, full[missing:]):
            return 0
        if missing >= 0 and fits(shape, full[: len(shape)]):
            return missing
    raise ValueError(
        "`mask` must broadcast against `x`, or have the sizes of its leading axes. "
        f"Received: mask.shape={shape}, x.shape={full}"
    )


def _surely_fits(shape: Sequence[Any], full: Sequence[Any]) -> bool:
    return all(size in (1, whole) for size, whole in zip(shape, full, strict=True))


def _may_fit(shape: Sequence[Any], full: Sequence[Any]) -> bool:
    pairs = zip(shape, full, strict=True)
    return all(size in (None, 1, whole) or whole is None for size, whole in pairs)
