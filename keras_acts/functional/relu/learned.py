"""Members of the relu family whose slope or threshold is learned or computed."""

from keras import ops

from keras_acts._checks import finite, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._pointwise import pointwise


@activation(tensors=("x", "alpha"), checks={"alpha": real_or_tensor(finite)})
def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """PReLU: `x` where `x > 0`, else `alpha * x`.

    The gradient at 0 is `alpha`. With an `alpha` of 0, -inf gives NaN.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: Slope below 0; a number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.prelu([-2.0, 0.0, 3.0], alpha=[0.1, 0.2, 0.3])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.2  0.   3. ]

    Reference:
        He, Zhang, Ren, Sun, 2015, "Delving Deep into Rectifiers", arXiv:1502.01852.
    """
    return pointwise(_prelu, (_prelu_by_x, _prelu_by_alpha), x, alpha)


def _prelu(x: Tensor, alpha: Tensor) -> Tensor:
    return ops.where(x > 0, x, alpha * x)


def _prelu_by_x(x: Tensor, alpha: Tensor) -> Tensor:
    return ops.where(x > 0, _numerics.constant(1.0, x), alpha)


def _prelu_by_alpha(x: Tensor, _alpha: Tensor) -> Tensor:
    return ops.where(x > 0, _numerics.constant(0.0, x), x)


@activation(tensors=("x", "slope"), checks={"slope": real_or_tensor(finite)})
def aprelu(x: Tensor, slope: Tensor) -> Tensor:
    """APReLU: `max(x, 0) + slope * min(x, 0)`, the slope computed from the input.

    The layer `APReLU` computes `slope`, between 0 and 1, one a sample and channel. The
    gradient at 0 is `slope`. With a `slope` of 0, -inf gives NaN.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        slope: A number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.aprelu([-2.0, 0.0, 3.0], slope=0.5)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.  0.  3.]

    Reference:
        Zhao, Zhong, Fu, Tang, Pecht, 2020, "Deep Residual Networks With Adaptively
        Parametric Rectifier Linear Units for Fault Diagnosis", IEEE Transactions on
        Industrial Electronics 68(3).
    """
    return prelu.formula(x, slope)


@activation(tensors=("x", "tau"), checks={"tau": real_or_tensor(finite)}, exact=True)
def tlu(x: Tensor, tau: Tensor) -> Tensor:
    """TLU: `max(x, tau)`.

    Where both are equal the gradient goes to `tau` alone.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        tau: The threshold; a number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.tlu([-2.0, 0.0, 3.0], tau=-1.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.  0.  3.]

    Reference:
        Singh, Krishnan, 2020, "Filter Response Normalization Layer", arXiv:1911.09737.
    """
    if isinstance(tau, int | float):
        tau = _numerics.constant(tau, x)
    return ops.where(x <= tau, tau, x)
