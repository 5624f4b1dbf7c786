"""The gated family: one half of an axis times an activation of the other half."""

from typing import Any

from keras import ops

from keras_acts._checks import axis
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import position
from keras_acts.functional.gaussian import gelu
from keras_acts.functional.sigmoid import sigmoid, swish


def _half(x: Any, axis: int = -1) -> tuple[int | None, ...]:
    """Return the shape of the result.

    Raises:
        ValueError: `x` has no such axis, or its size is known and odd.
    """
    shape, axis = list(x.shape), position(axis, x)
    size = shape[axis]
    if size is not None:
        if size % 2:
            raise ValueError(
                "`x` must have an even size along `axis`, two halves. "
                f"Received: x.shape={tuple(shape)}, axis={axis}"
            )
        shape[axis] = size // 2
    return tuple(shape)


def _halves(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    _half(x, axis)
    a, b = ops.split(x, 2, axis=axis)
    return a, b


@activation(checks={"axis": axis}, output_shape=_half)
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """GLU: `a * sigmoid(b)`, where `a` and `b` are the halves of an axis.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype. Its size along `axis` is even.
        axis: The axis that is halved.

    Returns:
        A tensor of the dtype of `x`, the default float for integers, half as large
        along `axis`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is odd.

    Example:
        >>> y = functional.glu([1.0, 2.0, 0.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.5   1.905]

    Reference:
        Dauphin et al., 2016, "Language Modeling with Gated Convolutional Networks",
        arXiv:1612.08083.
    """
    a, b = _halves(x, axis)
    return a * sigmoid.formula(b)


@activation(checks={"axis": axis}, output_shape=_half)
def reglu(x: Tensor, axis: int = -1) -> Tensor:
    """ReGLU: `a * max(b, 0)`, where `a` and `b` are the halves of an axis.

    The gradient of the gate is 0 where `b` is 0.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype. Its size along `axis` is even.
        axis: The axis that is halved.

    Returns:
        A tensor of the dtype of `x`, the default float for integers, half as large
        along `axis`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is odd.

    Example:
        >>> y = functional.reglu([1.0, 2.0, 0.5, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.5 6. ]

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """
    a, b = _halves(x, axis)
    return a * ops.relu(b)


@activation(checks={"axis": axis}, output_shape=_half)
def geglu(x: Tensor, axis: int = -1) -> Tensor:
    """GEGLU: `a * gelu(b)`, where `a` and `b` are the halves of an axis.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype. Its size along `axis` is even.
        axis: The axis that is halved.

    Returns:
        A tensor of the dtype of `x`, the default float for integers, half as large
        along `axis`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is odd.

    Example:
        >>> y = functional.geglu([1.0, 2.0, 0.5, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.346 5.992]

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """
    a, b = _halves(x, axis)
    return a * gelu.formula(b)


@activation(checks={"axis": axis}, output_shape=_half)
def swiglu(x: Tensor, axis: int = -1) -> Tensor:
    """SwiGLU: `a * swish(b)`, where `a` and `b` are the halves of an axis.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype. Its size along `axis` is even.
        axis: The axis that is halved.

    Returns:
        A tensor of the dtype of `x`, the default float for integers, half as large
        along `axis`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is odd.

    Example:
        >>> y = functional.swiglu([1.0, 2.0, 0.5, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.311 5.715]

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """
    a, b = _halves(x, axis)
    return a * swish.formula(b)
