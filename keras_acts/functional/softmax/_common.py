"""What the members of the softmax family share: axes, masks, sums."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor
from keras_acts.functional._axes import missing_axes, positions

Axes = int | Sequence[int]


def shape_along(x: Any, axis: Axes = -1, *_: Any, **__: Any) -> tuple[int | None, ...]:
    """Return the shape of the result.

    Raises:
        ValueError: `x` has no such axis.
    """
    positions(axis, x)
    return tuple(x.shape)


def kept_by(mask: Any, x: Tensor) -> Tensor:
    """Return which elements of `x` a mask keeps, as booleans in the shape of `x`."""
    mask = ops.convert_to_tensor(mask)
    if keras.backend.standardize_dtype(mask.dtype) != "bool":
        mask = mask > 0.5
    missing = missing_axes(mask.shape, x.shape)
    mask = ops.expand_dims(mask, tuple(range(-missing, 0))) if missing else mask
    return ops.logical_and(mask, ops.ones_like(x, dtype="bool"))


def with_mask(x: Tensor, kept: Tensor, axis: tuple[int, ...]) -> Tensor:
    """Put -inf where the mask drops an element, and 0 where it drops all of them."""
    some = ops.any(kept, axis=axis, keepdims=True)
    lowest = _numerics.constant(float("-inf"), x)
    return ops.where(kept, x, ops.where(some, lowest, _numerics.constant(0.0, x)))


def of_kept(function: Callable[..., Tensor], x: Tensor, axis: Any, mask: Any) -> Tensor:
    """Return a distribution over what a mask keeps, and 0 for what it drops."""
    kept = kept_by(mask, x)
    over = axis if isinstance(axis, tuple) else (axis,)
    y = function(with_mask(x, kept, over), axis)
    return ops.where(kept, y, _numerics.constant(0.0, x))


def below_max(x: Tensor, axis: Any) -> Tensor:
    """Return `x` minus its largest element."""
    return x - ops.stop_gradient(_numerics.largest_along(x, axis, keepdims=True))


def total(x: Tensor, axis: int) -> Tensor:
    """Return the sum along an axis, which keeps its place."""
    return ops.sum(x, axis=axis, keepdims=True)
