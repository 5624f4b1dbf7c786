"""Members of the relu family whose kink is computed from the whole input."""

from typing import Any

from keras import ops

from keras_acts._checks import finite, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._pointwise import pointwise


def _later_maximum(x: Tensor, y: Tensor) -> Tensor:
    """Return the larger of two; where both are equal the gradient goes to `y`."""
    return pointwise(_maximum, (_maximum_by_x, _maximum_by_y), x, y)


def _maximum(x: Tensor, y: Tensor) -> Tensor:
    """Return the larger of two, NaN beside NaN; keras.ops may round to float32."""
    return ops.where(x > y, x, ops.where(ops.isnan(x), x, y))


def _maximum_by_x(x: Tensor, y: Tensor) -> Tensor:
    return ops.where(x > y, _numerics.constant(1.0, x), _numerics.constant(0.0, x))


def _maximum_by_y(x: Tensor, y: Tensor) -> Tensor:
    return ops.where(x > y, _numerics.constant(0.0, x), _numerics.constant(1.0, x))


@activation(
    tensors=("x", "funnel"), checks={"funnel": real_or_tensor(finite)}, exact=True
)
def frelu(x: Tensor, funnel: Tensor) -> Tensor:
    """FReLU: `max(x, funnel)`, the funnel computed from the neighbours of `x`.

    The layer `FReLU` computes it. Where both are equal the gradient goes to the funnel
    alone.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        funnel: A number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.frelu([-2.0, 0.0, 3.0], funnel=[-1.0, -1.0, 4.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.  0.  4.]

    Reference:
        Ma, Zhang, Sun, 2020, "Funnel Activation for Visual Recognition",
        arXiv:2007.11824.
    """
    return _later_maximum(x, funnel)


@activation(tensors=("x", "slopes", "intercepts"))
def dyrelu(x: Tensor, slopes: Any, intercepts: Any) -> Tensor:
    """DYReLU: the largest of `slopes[k] * x + intercepts[k]`.

    The layer `DYReLU` computes both from the input. Where several are the largest the
    gradient goes to the last.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        slopes: Tensor whose first axis is that of the pieces k; each piece broadcasts
            against `x`.
        intercepts: The same.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.dyrelu([-2.0, 0.0, 3.0], [1.0, 0.0], [0.0, -1.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.  0.  3.]

    Reference:
        Chen, Dai, Liu, Chen, Yuan, Liu, 2020, "Dynamic ReLU", arXiv:2003.10027.
    """
    best = slopes[0] * x + intercepts[0]
    for k in range(1, slopes.shape[0]):
        best = _later_maximum(best, slopes[k] * x + intercepts[k])
    return best
