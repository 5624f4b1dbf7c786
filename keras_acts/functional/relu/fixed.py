"""Members of the relu family whose arguments are numbers."""

from typing import Any

import keras
from keras import ops

from keras_acts._checks import (
    axis,
    boolean,
    finite,
    non_negative,
    optional,
    ordered,
)
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation


@activation(
    checks={
        "negative_slope": finite,
        "max_value": optional(non_negative),
        "threshold": finite,
    }
)
def relu(
    x: Tensor,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """ReLU: `max(x, 0)`, with the arguments of Keras.

    `x` where `x > threshold`, else `negative_slope * (x - threshold)`; never above
    `max_value`. The gradient is `negative_slope` at the threshold and 0 from
    `max_value` on.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        negative_slope: Slope up to the threshold, a finite number.
        max_value: Largest value, 0 or above; None for no limit.
        threshold: Where the identity begins, a finite number.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.relu([-2.0, 1.0, 8.0], negative_slope=0.1, max_value=6.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.2  1.   6. ]

    Reference:
        Nair, Hinton, 2010, "Rectified Linear Units Improve Restricted Boltzmann
        Machines", ICML.
    """
    if negative_slope == 0 and threshold == 0:
        y = ops.relu(x)
    else:
        # A slope of 0 would turn -inf into NaN.
        below = negative_slope * (x - threshold) if negative_slope else _zero(x)
        y = ops.where(x <= threshold, below, x)
    if max_value is None:
        return y
    return ops.where(y >= max_value, _numerics.constant(max_value, y), y)


def _zero(x: Tensor) -> Tensor:
    return _numerics.constant(0.0, x)


@activation(exact=True)
def relu6(x: Tensor) -> Tensor:
    """ReLU6: `min(max(x, 0), 6)`.

    The gradient is 0 at 0 and at 6.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.relu6([-2.0, 1.0, 8.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0. 1. 6.]

    Reference:
        Krizhevsky, 2010, "Convolutional Deep Belief Networks on CIFAR-10".
    """
    if _numerics.runs_on("jax"):  # whose own gradient is a half at 0 and 6
        return _numerics.bounded(x, 0.0, 6.0)
    return ops.relu6(x)


@activation(checks={"negative_slope": finite})
def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """LeakyReLU: `x` where `x > 0`, else `negative_slope * x`.

    The gradient at 0 is `negative_slope`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        negative_slope: Slope below 0, a finite number.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.leaky_relu([-2.0, 0.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.02  0.    3.  ]

    Reference:
        Maas, Hannun, Ng, 2013, "Rectifier Nonlinearities Improve Neural Network
        Acoustic Models", ICML.
    """
    if negative_slope == 0:  # which would turn -inf into NaN
        return ops.relu(x)
    if _numerics.runs_on("torch"):
        return ops.leaky_relu(x, negative_slope=negative_slope)
    is_float64 = keras.backend.standardize_dtype(x.dtype) == "float64"
    if (
        _numerics.runs_on("tensorflow") and not is_float64
    ):  # whose kernel has a float32 slope
        return ops.leaky_relu(x, negative_slope=negative_slope)
    return ops.where(x > 0, x, negative_slope * x)


@activation(
    checks={"lower": finite, "upper": finite, "training": optional(boolean)},
    relation=ordered("lower", "upper"),
)
def rrelu(
    x: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool | None = False,
    seed: Any = None,
) -> Tensor:
    """RReLU: `x` where `x > 0`, else `slope * x`, the slope random in training.

    In training each element draws its slope from U(lower, upper); otherwise it is
    their mean. The gradient at 0 is the slope.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        lower: Smallest slope.
        upper: Largest slope, `lower` or above.
        training: Whether to draw slopes.
        seed: A `keras.random.SeedGenerator`; an integer, which draws the same slopes
            at each call; or None for Keras's global generator.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: `lower` is above `upper`.

    Example:
        >>> y = functional.rrelu([-2.0, 0.0, 3.0], lower=0.1, upper=0.3)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.4  0.   3. ]

    Reference:
        Xu, Wang, Chen, Li, 2015, "Empirical Evaluation of Rectified Activations in
        Convolutional Network", arXiv:1505.00853.
    """
    if not training:
        return leaky_relu.formula(x, (lower + upper) / 2)
    dtype = keras.backend.standardize_dtype(x.dtype)
    slope = keras.random.uniform(ops.shape(x), lower, upper, dtype=dtype, seed=seed)
    return ops.where(x > 0, x, slope * x)


@activation(checks={"theta": finite})
def thresholded_relu(x: Tensor, theta: float = 1.0) -> Tensor:
    """ThresholdedReLU: `x` where `x > theta`, else 0.

    The gradient at `theta` is 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        theta: The threshold, a finite number.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.thresholded_relu([-2.0, 1.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0. 0. 3.]

    Reference:
        Konda, Memisevic, Krueger, 2014, "Zero-bias autoencoders and the benefits of
        co-adapting features", arXiv:1402.3337.
    """
    return threshold.formula(x, theta, 0.0)


@activation(checks={"threshold": finite, "default_value": finite})
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """Threshold: `x` where `x > threshold`, else `default_value`.

    The gradient at `threshold` is 0. NaN stays NaN.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        threshold: A finite number.
        default_value: What stands for all up to the threshold, a finite number.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.threshold([-2.0, 1.0, 3.0], 1.0, -5.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-5. -5.  3.]

    Reference:
        As in `keras.activations.threshold`.
    """
    if _numerics.runs_on("torch"):
        return ops.threshold(x, threshold, default_value)
    return ops.where(x <= threshold, _numerics.constant(default_value, x), x)


@activation()
def squared_relu(x: Tensor) -> Tensor:
    """SquaredReLU: `max(x, 0)**2`.

    Its gradient, `2 * max(x, 0)`, is 0 at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.squared_relu([-2.0, 1.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0. 1. 9.]

    Reference:
        So et al., 2021, "Primer: Searching for Efficient Transformers for Language
        Modeling", arXiv:2109.08668.
    """
    return ops.square(ops.relu(x))


def _doubled(x: Tensor, axis: int = -1) -> tuple[int | None, ...]:
    shape = list(x.shape)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"`axis` must be an axis of the input. Received: axis={axis}, "
            f"input shape {tuple(shape)}"
        )
    shape[axis] = None if shape[axis] is None else 2 * shape[axis]
    return tuple(shape)


@activation(checks={"axis": axis}, exact=True, output_shape=_doubled)
def crelu(x: Tensor, axis: int = -1) -> Tensor:
    """CReLU: `concatenate([max(x, 0), max(-x, 0)], axis)`.

    The gradient of both halves at 0 is 0.

    Args:
        x: Tensor of rank 1 or above; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis that doubles.

    Returns:
        A tensor of the dtype of `x` (the default float for integers) whose size along
        `axis` is twice that of `x`.

    Example:
        >>> y = functional.crelu([2.0, -3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [2. 0. 0. 3.]

    Reference:
        Shang, Sohn, Almeida, Lee, 2016, "Understanding and Improving Convolutional
        Neural Networks via Concatenated Rectified Linear Units", arXiv:1603.05201.
    """
    return ops.concatenate([ops.relu(x), ops.relu(-x)], axis=axis)
