"""Softmax and its relatives, which give every element a part."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._checks import axes, axis, boolean, optional, positive
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import position, positions
from keras_acts.functional.softmax._common import (
    Axes,
    below_max,
    kept_by,
    of_kept,
    shape_along,
    with_mask,
)


def _softmax(x: Tensor, axis: tuple[int, ...]) -> Tensor:
    if len(axis) == 1:
        return ops.softmax(x, axis=axis[0])
    e = ops.exp(below_max(x, axis))
    return e / ops.sum(e, axis=axis, keepdims=True)


def _log_softmax(x: Tensor, axis: tuple[int, ...]) -> Tensor:
    if len(axis) == 1:
        return ops.log_softmax(x, axis=axis[0])
    z = below_max(x, axis)
    return z - ops.log(ops.sum(ops.exp(z), axis=axis, keepdims=True))


@activation(checks={"axis": axes}, output_shape=shape_along)
def softmax(x: Tensor, axis: Axes = -1, mask: Any = None) -> Tensor:
    """Softmax: `exp(x) / sum(exp(x))` over one axis or several.

    Finite `x` of any size are safe. An axis that holds NaN, or -inf alone, gives
    NaN; +inf gives NaN, and beside it 0 or NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis, or several different ones, over which the result sums to 1.
        mask: None, or a tensor, boolean or above 0.5 where an element is kept. It
            broadcasts against `x`, or has the sizes of the leading axes of `x`, as the
            masks of time steps that Keras passes on. Dropped elements have probability
            0 and gradient 0, also where all are dropped.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: An axis is not an integer or repeated, or `mask` does not fit.

    Example:
        >>> y = functional.softmax([1.0, 2.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.09  0.245 0.665]

    Reference:
        Bridle, 1990, "Probabilistic Interpretation of Feedforward Classification
        Network Outputs", Neurocomputing.
    """
    over = positions(axis, x)
    if mask is None:
        return _softmax(x, over)
    return of_kept(_softmax, x, over, mask)


@activation(checks={"axis": axes}, output_shape=shape_along)
def log_softmax(x: Tensor, axis: Axes = -1, mask: Any = None) -> Tensor:
    """LogSoftmax: `x - log(sum(exp(x)))` over one axis or several.

    Finite `x` of any size are safe. An axis that holds NaN, or -inf alone, gives
    NaN; +inf gives NaN, and beside it -inf or NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis, or several different ones, over which the exponentials of the
            result sum to 1.
        mask: As in `softmax`. Dropped elements are -inf, the logarithm of 0, and have
            gradient 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: An axis is not an integer or repeated, or `mask` does not fit.

    Example:
        >>> y = functional.log_softmax([1.0, 2.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-2.408 -1.408 -0.408]

    Reference:
        The logarithm of `softmax`: Bridle, 1990, "Probabilistic Interpretation of
        Feedforward Classification Network Outputs", Neurocomputing.
    """
    over = positions(axis, x)
    if mask is None:
        return _log_softmax(x, over)
    kept = kept_by(mask, x)
    y = _log_softmax(with_mask(x, kept, over), over)
    return ops.where(kept, y, _numerics.constant(float("-inf"), x))


@activation(checks={"axis": axes}, output_shape=shape_along)
def softmin(x: Tensor, axis: Axes = -1, mask: Any = None) -> Tensor:
    """Softmin: `exp(-x) / sum(exp(-x))` over one axis or several.

    Finite `x` of any size are safe. An axis that holds NaN, or +inf alone, gives
    NaN; -inf gives NaN, and beside it 0 or NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis, or several different ones, over which the result sums to 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: An axis is not an integer or repeated, or `mask` does not fit.

    Example:
        >>> y = functional.softmin([1.0, 2.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.665 0.245 0.09 ]

    Reference:
        `softmax` of `-x`, as `torch.nn.Softmin`: Boltzmann's distribution over
        energies.
    """
    return softmax.formula(-x, axis, mask)


@activation(checks={"axis": axes}, output_shape=shape_along)
def softmax_one(x: Tensor, axis: Axes = -1, mask: Any = None) -> Tensor:
    """SoftmaxOne: `exp(x) / (1 + sum(exp(x)))` over one axis or several.

    The quiet softmax: the softmax beside an element of 0, so that all may be near 0.
    Finite `x` of any size are safe. -inf gives 0, also alone; an axis that holds NaN or
    +inf gives NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis, or several different ones, over which the result sums to less
            than 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: An axis is not an integer or repeated, or `mask` does not fit.

    Example:
        >>> y = functional.softmax_one([1.0, 2.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.087 0.237 0.644]

    Reference:
        Miller, 2023, "Attention Is Off By One".
    """
    over = positions(axis, x)
    if mask is None:
        return _softmax_one(x, over)
    return of_kept(_softmax_one, x, over, mask)


def _softmax_one(x: Tensor, axis: tuple[int, ...]) -> Tensor:
    top = ops.stop_gradient(_numerics.largest_along(x, axis, keepdims=True))
    top = ops.where(top < 0, _numerics.constant(0.0, x), top)
    e = ops.exp(x - top)
    return e / (ops.exp(-top) + ops.sum(e, axis=axis, keepdims=True))


@activation(
    checks={
        "axis": axis,
        "temperature": positive,
        "hard": boolean,
        "training": optional(boolean),
    },
    output_shape=shape_along,
)
def gumbel_softmax(
    x: Tensor,
    axis: int = -1,
    temperature: float = 1.0,
    hard: bool = False,
    training: bool | None = False,
    seed: Any = None,
) -> Tensor:
    """GumbelSoftmax: `softmax((x + g) / temperature)`, g Gumbel noise in training.

    In training, a draw from the categorical distribution of `softmax(x)`, made smooth;
    otherwise there is no noise. An axis that holds NaN or +inf gives NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis over which the result sums to 1.
        temperature: How far the result is from a draw itself, above 0.
        hard: Whether the result is 1 for the largest element and 0 for all others, with
            the gradient of the smooth one.
        training: Whether to add noise.
        seed: A `keras.random.SeedGenerator`; an integer, which draws the same noise at
            each call; or None for Keras's global generator.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.gumbel_softmax([1.0, 2.0, 3.0], temperature=0.5)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.016 0.117 0.867]

    Reference:
        Jang, Gu, Poole, 2016, "Categorical Reparameterization with Gumbel-Softmax",
        arXiv:1611.01144; Maddison, Mnih, Teh, 2016, arXiv:1611.00712.
    """
    axis = position(axis, x)
    if training:
        x = x + _gumbel(x, seed)
    y = _softmax(below_max(x, axis) / temperature, (axis,))
    if not hard:
        return y
    largest = ops.argmax(x, axis=axis)
    one = ops.one_hot(largest, ops.shape(x)[axis], axis=axis, dtype=y.dtype)
    return one + (y - ops.stop_gradient(y))


def _gumbel(x: Tensor, seed: Any) -> Tensor:
    """Return standard Gumbel noise in the shape of `x`."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    tiny = float(np.finfo(dtype).tiny)
    uniform = keras.random.uniform(ops.shape(x), tiny, 1.0, dtype=dtype, seed=seed)
    # 1 - uniform may be 0 where uniform rounds to 1.
    return -ops.log(-ops.log(uniform) + tiny)
