"""The softmax family: vectors turned into probabilities."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._checks import axes, axis, boolean, optional, positive
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import missing_axes, position, positions

Axes = int | Sequence[int]


def _shape(x: Any, axis: Axes = -1, *_: Any, **__: Any) -> tuple[int | None, ...]:
    """Return the shape of the result.

    Raises:
        ValueError: `x` has no such axis.
    """
    positions(axis, x)
    return tuple(x.shape)


def _kept(mask: Any, x: Tensor) -> Tensor:
    """Return which elements of `x` a mask keeps, as booleans in the shape of `x`."""
    mask = ops.convert_to_tensor(mask)
    if keras.backend.standardize_dtype(mask.dtype) != "bool":
        mask = mask > 0.5
    missing = missing_axes(mask.shape, x.shape)
    mask = ops.expand_dims(mask, tuple(range(-missing, 0))) if missing else mask
    return ops.logical_and(mask, ops.ones_like(x, dtype="bool"))


def _masked(x: Tensor, kept: Tensor, axis: tuple[int, ...]) -> Tensor:
    """Put -inf where the mask drops an element, and 0 where it drops all of them."""
    some = ops.any(kept, axis=axis, keepdims=True)
    lowest = _numerics.constant(float("-inf"), x)
    return ops.where(kept, x, ops.where(some, lowest, _numerics.constant(0.0, x)))


def _of_kept(
    function: Callable[..., Tensor], x: Tensor, axis: Any, mask: Any
) -> Tensor:
    """Return a distribution over what a mask keeps, and 0 for what it drops."""
    kept = _kept(mask, x)
    over = axis if isinstance(axis, tuple) else (axis,)
    y = function(_masked(x, kept, over), axis)
    return ops.where(kept, y, _numerics.constant(0.0, x))


def _below_max(x: Tensor, axis: Any) -> Tensor:
    """Return `x` minus its largest element."""
    return x - ops.stop_gradient(_numerics.largest_along(x, axis, keepdims=True))


def _softmax(x: Tensor, axis: tuple[int, ...]) -> Tensor:
    if len(axis) == 1:
        return ops.softmax(x, axis=axis[0])
    e = ops.exp(_below_max(x, axis))
    return e / ops.sum(e, axis=axis, keepdims=True)


def _log_softmax(x: Tensor, axis: tuple[int, ...]) -> Tensor:
    if len(axis) == 1:
        return ops.log_softmax(x, axis=axis[0])
    z = _below_max(x, axis)
    return z - ops.log(ops.sum(ops.exp(z), axis=axis, keepdims=True))


@activation(checks={"axis": axes}, output_shape=_shape)
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
    return _of_kept(_softmax, x, over, mask)


@activation(checks={"axis": axes}, output_shape=_shape)
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
    kept = _kept(mask, x)
    y = _log_softmax(_masked(x, kept, over), over)
    return ops.where(kept, y, _numerics.constant(float("-inf"), x))


@activation(checks={"axis": axes}, output_shape=_shape)
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


@activation(checks={"axis": axes}, output_shape=_shape)
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
    return _of_kept(_softmax_one, x, over, mask)


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
    output_shape=_shape,
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
    y = _softmax(_below_max(x, axis) / temperature, (axis,))
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


def _total(x: Tensor, axis: int) -> Tensor:
    return ops.sum(x, axis=axis, keepdims=True)


def _candidates(x: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a search for the support of a sparse distribution needs.

    Returns:
        `x` with its largest element at 0, no element below -1 (those never are in the
        support), its elements in descending order without gradient, and 1, 2, 3, …
    """
    z = _below_max(x, axis)
    z = ops.where(z < -1, _numerics.constant(-1.0, z), z)
    ordered = -ops.sort(-ops.stop_gradient(z), axis=axis)
    return z, ordered, _numerics.cumsum(ops.ones_like(ordered), axis)


def _largest_true(condition: Tensor, values: Tensor, axis: int) -> Tensor:
    """Return the value at the last place of an axis where the condition holds.

    The condition holds at the first places of the axis and fails at the others.
    """
    count = ops.sum(ops.cast(condition, "int32"), axis=axis, keepdims=True)
    # For NaN the condition holds nowhere: the count 0 must not give the index -1.
    index = ops.where(count > 0, count - 1, 0)
    return ops.take_along_axis(values, index, axis=axis)


@activation(checks={"axis": axis}, output_shape=_shape)
def sparsemax(x: Tensor, axis: int = -1, mask: Any = None) -> Tensor:
    """Sparsemax: the probability vector nearest to `x`.

    `max(x - τ, 0)`, with the τ that makes the sum 1. Finite `x` of any size are safe;
    an axis that holds NaN or +inf gives NaN. The gradient at `x = τ` is that of the
    side where the result is 0.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis over which the result sums to 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.sparsemax([0.0, 1.0, 1.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.   0.25 0.75]

    Reference:
        Martins, Astudillo, 2016, "From Softmax to Sparsemax: A Sparse Model of
        Attention and Multi-Label Classification", arXiv:1602.02068.
    """
    axis = position(axis, x)
    if x.shape[axis] == 0:
        return x
    if mask is not None:
        return _of_kept(sparsemax.formula, x, axis, mask)
    z, ordered, k = _candidates(x, axis)
    taus = (_numerics.cumsum(ordered, axis) - 1) / k
    outside = z <= _largest_true(ordered > taus, taus, axis)
    # τ again, from the support alone: exact, and differentiable without the sort.
    inside = ops.where(outside, _numerics.constant(0.0, z), z)
    size = _total(ops.where(outside, ops.zeros_like(z), ops.ones_like(z)), axis)
    tau = (_total(inside, axis) - 1) / size
    return ops.where(outside, _numerics.constant(0.0, z), z - tau)


@activation(checks={"axis": axis}, output_shape=_shape)
def entmax15(x: Tensor, axis: int = -1, mask: Any = None) -> Tensor:
    """Entmax15: 1.5-entmax, between softmax and sparsemax.

    `max(x / 2 - τ, 0)**2`, with the τ that makes the sum 1. Finite `x` of any size are
    safe; an axis that holds NaN or +inf gives NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis over which the result sums to 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.entmax15([0.0, 1.0, 1.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.005 0.324 0.671]

    Reference:
        Peters, Niculae, Martins, 2019, "Sparse Sequence-to-Sequence Models",
        arXiv:1905.05702.
    """
    axis = position(axis, x)
    if x.shape[axis] == 0:
        return x
    if mask is not None:
        return _of_kept(entmax15.formula, x, axis, mask)
    z, ordered, k = _candidates(x / 2, axis)
    mean = _numerics.cumsum(ordered, axis) / k
    variance = _numerics.cumsum(ops.square(ordered), axis) / k - ops.square(mean)
    gap = 1 / k - variance
    taus = mean - ops.sqrt(ops.where(gap > 0, gap, _numerics.constant(0.0, gap)))
    outside = z <= _largest_true(ordered > taus, taus, axis)
    # τ again, from the support alone, as in sparsemax; the root's argument is at
    # least 1/size² there.
    ones = ops.where(outside, ops.zeros_like(z), ops.ones_like(z))
    size = _total(ones, axis)
    mean = _total(ops.where(outside, _numerics.constant(0.0, z), z), axis) / size
    centred = ops.where(outside, _numerics.constant(0.0, z), z - mean)
    tau = mean - ops.sqrt((1 - _total(ops.square(centred), axis)) / size)
    return ops.square(ops.where(outside, _numerics.constant(0.0, z), z - tau))
