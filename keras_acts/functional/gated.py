"""The gated family: one half of an axis times an activation of the other half."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from keras_acts._checks import axis, boolean, one_of, positive
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import position
from keras_acts.functional._numerics import matmul, sigmoid_pullback
from keras_acts.functional._pointwise import Map, pointwise
from keras_acts.functional.gaussian import gelu, gelu_pullback
from keras_acts.functional.sigmoid import sigmoid, swish, swish_pullback


def _half(x: Any, axis: int = -1, *_: Any, **__: Any) -> tuple[int | None, ...]:
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


def gated(x: Tensor, axis: int, gate: str) -> Tensor:
    """Return `a * gate(b)` for the halves of an axis."""
    a, b = _halves(x, axis)
    value, by_a, by_b = GATES[gate]
    return pointwise(value, (by_a, by_b), a, b)


def _product_with(gate: Map, pullback: Map) -> tuple[Map, Map, Map]:
    """Return `a * gate(b)` and its derivatives by both.

    Args:
        gate: The activation.
        pullback: Called as `pullback(b, a)`; returns `a` times its derivative at `b`.
    """

    def value(a: Tensor, b: Tensor) -> Tensor:
        return a * gate(b)

    def by_a(_a: Tensor, b: Tensor) -> Tensor:
        return gate(b)

    def by_b(a: Tensor, b: Tensor) -> Tensor:
        return pullback(b, a)

    return value, by_a, by_b


def _relu_pullback(b: Tensor, a: Tensor) -> Tensor:
    return ops.where(b > 0, a, ops.zeros_like(a))


GATES: Mapping[str, tuple[Map, Map, Map]] = {
    "sigmoid": _product_with(sigmoid.formula, sigmoid_pullback),
    "relu": _product_with(ops.relu, _relu_pullback),
    "gelu": _product_with(gelu.formula, gelu_pullback),
    "swish": _product_with(swish.formula, swish_pullback),
}
"""The product with each gate by its name, and its derivatives."""


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
    return gated(x, axis, "sigmoid")


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
    return gated(x, axis, "relu")


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
    return gated(x, axis, "gelu")


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
    return gated(x, axis, "swish")


@activation(
    checks={
        "axis": axis,
        "limit": positive,
        "alpha": positive,
        "interleaved": boolean,
    },
    output_shape=_half,
)
def clipped_swiglu(
    x: Tensor,
    axis: int = -1,
    limit: float = 7.0,
    alpha: float = 1.702,
    interleaved: bool = True,
) -> Tensor:
    """ClippedSwiGLU: `(clip(a, -limit, limit) + 1) * swish(min(b, limit), alpha)`.

    The gate `b` has the even places of the axis and `a` the odd ones, as in gpt-oss;
    else `a` is the first half and `b` the second, as in `swiglu`. The gradient is 0
    from where on a clip holds.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype. Its size along `axis` is even.
        axis: The axis that is halved.
        limit: Largest size of `a` and largest `b`, above 0.
        alpha: Sharpness of the gate, above 0.
        interleaved: Whether gates and values alternate along the axis.

    Returns:
        A tensor of the dtype of `x`, the default float for integers, half as large
        along `axis`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is odd.

    Example:
        >>> y = functional.clipped_swiglu([1.0, 2.0, 9.0, -3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [  2.537 -14.   ]

    Reference:
        OpenAI, 2025, "gpt-oss-120b & gpt-oss-20b Model Card", arXiv:2508.10925, as
        its published code has it.
    """
    if interleaved:
        _half(x, axis)
        b, a = _alternating(x, position(axis, x))
    else:
        a, b = _halves(x, axis)
    b = ops.where(b >= limit, _numerics.constant(limit, b), b)
    return (_numerics.bounded(a, -limit, limit) + 1) * swish.formula(b, alpha)


def _alternating(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return the elements at even and at odd places of an axis."""
    before = (slice(None),) * axis
    return x[(*before, slice(0, None, 2))], x[(*before, slice(1, None, 2))]


def _gated_units(
    x: Any, kernel: Any, bias: Any = None, gate: str = "swish"
) -> tuple[int | None, ...]:
    """Return the shape of the result of `gated_dense`.

    Raises:
        ValueError: The shapes do not fit.
    """
    columns = kernel.shape[-1]
    rows = x.shape[-1] if x.shape[-1] is not None else kernel.shape[0]
    fits = len(x.shape) >= 2 and tuple(kernel.shape) == (rows, columns)
    if bias is not None:
        fits = fits and tuple(bias.shape) == (columns,)
    if not fits or columns % 2:
        shapes = [None if y is None else tuple(y.shape) for y in (x, kernel, bias)]
        raise ValueError(
            "`kernel` must have the shape (features of x, 2 * units), and `bias` "
            f"(2 * units,). Received: gate={gate!r}, and the shapes {shapes[0]} of x, "
            f"{shapes[1]} of kernel, {shapes[2]} of bias"
        )
    return (*x.shape[:-1], columns // 2)


@activation(
    tensors=("x", "kernel", "bias"),
    checks={"gate": one_of(*GATES)},
    exact=True,
    output_shape=_gated_units,
)
def gated_dense(
    x: Tensor, kernel: Tensor, bias: Tensor = None, gate: str = "swish"
) -> Tensor:
    """GatedDense: `a * gate(b)`, `a` and `b` the halves of `x · kernel + bias`.

    Half precision is multiplied as such, like that of a Dense layer, and gated in
    float32.

    Args:
        x: Tensor of shape `(…, features)`, rank 2 or more; float16, bfloat16, float32,
            float64 or an integer dtype.
        kernel: Tensor of shape `(features, 2 * units)`. Its first half makes `a`.
        bias: None, or a tensor of shape `(2 * units,)`.
        gate: `"swish"` (SwiGLU), `"gelu"` (GEGLU), `"relu"` (ReGLU) or `"sigmoid"`
            (GLU).

    Returns:
        A tensor of shape `(…, units)` and the dtype of `x`; the default float for
        integers.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> y = functional.gated_dense([[1.0, 2.0]], kernel=[[1.0, 0.0], [0.0, 1.0]])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[1.762]]

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """
    _gated_units(x, kernel, bias, gate)
    y = matmul(x, kernel)
    if bias is not None:
        y = y + bias
    if keras.backend.standardize_dtype(y.dtype) in ("float16", "bfloat16"):
        y = ops.cast(y, "float32")
    return gated(y, -1, gate)
