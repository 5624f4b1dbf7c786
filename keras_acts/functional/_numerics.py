"""Parts of formulas, accurate in value and gradient where `keras.ops` is not."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import keras
import numpy as np
from keras import ops

Tensor = Any
Map = Callable[..., Tensor]
Pullback = Callable[..., Tensor]


def runs_on(*backends: str) -> bool:
    """Return whether the active backend is one of these."""
    return keras.backend.backend() in backends


def compiles_torch() -> bool:
    """Return whether `torch.compile` traces, which fuses operations into one loop."""
    if not runs_on("torch"):
        return False
    import torch

    return torch.compiler.is_compiling() and not torch.compiler.is_exporting()


def constant(value: float, like: Tensor) -> Tensor:
    """Return a number as a tensor with the dtype of `like`.

    On torch `ops.where` rounds a Python number to float32, even beside float64.
    """
    dtype = like.dtype if hasattr(like, "dtype") else keras.config.floatx()
    return ops.convert_to_tensor(value, dtype=dtype)


def polynomial(coefficients: Sequence[Any], x: Tensor) -> Tensor:
    """Return the sum of `coefficients[i] * x**i`, for two coefficients or more."""
    value = coefficients[-1] * x + coefficients[-2]
    for coefficient in reversed(coefficients[:-2]):
        value = value * x + coefficient
    return value


def largest(like: Tensor) -> float:
    """Return the largest finite number of the dtype of a tensor."""
    return float(np.finfo(keras.backend.standardize_dtype(like.dtype)).max)


def largest_along(x: Tensor, axis: Any, *, keepdims: bool = False) -> Tensor:
    """Return the largest elements along axes. Of an empty batch they are none."""
    if 0 in tuple(x.shape):  # TensorFlow's `amax` refuses it; torch's `max` loses axes
        return ops.sum(x, axis=axis, keepdims=keepdims) - math.inf
    return ops.amax(x, axis=axis, keepdims=keepdims)


def bounded(x: Tensor, low: float, high: float) -> Tensor:
    """Clip to an interval, with the gradient 0 at both ends too. NaN stays NaN."""
    if runs_on("torch"):
        from torch.nn import functional

        return functional.hardtanh(x, low, high)
    if runs_on("tensorflow"):
        return with_gradient(_clip, _bounded_pullback, x, low, high)
    below = ops.where(x <= low, constant(low, x), x)
    return ops.where(x >= high, constant(high, x), below)


def _bounded_pullback(x: Tensor, gradient: Tensor, low: float, high: float) -> Tensor:
    outside = ops.logical_or(x <= low, x >= high)
    return ops.where(outside, constant(0.0, x), gradient)


def clip(x: Tensor, low: float = -math.inf, high: float = math.inf) -> Tensor:
    """Clip, with the gradient 1 everywhere. NaN stays NaN.

    For formulas to which the gradient outside of the interval does not matter.
    """
    return with_gradient(_clip, _unchanged, x, low, high)


def _unchanged(_x: Tensor, gradient: Tensor, *_: float) -> Tensor:
    return gradient


def _clip(x: Tensor, low: float, high: float) -> Tensor:
    if runs_on("torch"):  # where keras.ops.clip rounds the ends to float32
        return x.clamp(None if low == -math.inf else low, high)
    if runs_on("tensorflow"):  # where keras.ops.clip reads the data once for each end
        x = x if low == -math.inf else ops.maximum(x, constant(low, x))
        return x if high == math.inf else ops.minimum(x, constant(high, x))
    return ops.clip(x, low, high)


def minus_abs(x: Tensor) -> Tensor:
    """Return `-|x|`, with the gradient -1 at 0.

    So an even function of `|x|` that is smooth at 0 has all of its derivatives there.
    """
    return ops.where(x < 0, x, -x)


def positive_part(x: Tensor) -> Tensor:
    """Return `max(x, 0)`, with the gradient 1 at 0, as goes with `minus_abs`."""
    return ops.where(x < 0, constant(0.0, x), x)


def negative_part(x: Tensor) -> Tensor:
    """Return `min(x, 0)`, with the gradient 1 at 0."""
    return ops.where(x > 0, constant(0.0, x), x)


def has_kernel(x: Tensor) -> bool:
    """Tell whether a kernel of torch serves whose derivatives are not right.

    In forward mode the derivative is that of the operations themselves.
    """
    if not runs_on("torch"):
        return False
    from keras_acts.functional import _torch_gradient

    return not _torch_gradient.has_tangent(x)


def differentiates_again() -> bool:
    """Tell within a gradient whether it may be differentiated in turn."""
    if not runs_on("torch"):
        return True
    from keras_acts.functional import _torch_gradient

    return _torch_gradient.differentiates_again()


def with_gradient(
    value: Map, pullback: Pullback, x: Tensor, *parameters: float
) -> Tensor:
    """Return `value(x, *parameters)` with a custom gradient.

    For elementwise functions whose automatic derivative cancels or takes more passes
    over the data.

    Args:
        value: The function.
        pullback: Called as `pullback(x, gradient, *parameters)` with the gradient with
            respect to the result; returns its product with the derivative at `x`.
        x: The tensor.
        *parameters: Passed on to both. Both are functions of a module, since what is
            made of them is cached by their identity.
    """
    if runs_on("torch"):
        import torch

        from keras_acts.functional._torch_gradient import WithGradient, WithTangent

        if not x.requires_grad or torch.jit.is_tracing():  # TorchScript holds no Python
            return value(x, *parameters)
        compiles = torch.compiler.is_compiling()
        function = WithGradient if compiles else WithTangent
        return function.apply(x, value, pullback, *parameters)
    make = _differentiable.get(keras.backend.backend())
    if make is None:  # NumPy and OpenVINO, which don't differentiate
        return value(x, *parameters)
    return make(value, pullback, parameters)(x)


@functools.cache
def _jax_with_gradient(
    value: Map, pullback: Pullback, parameters: tuple[float, ...]
) -> Map:
    import jax

    @jax.custom_jvp
    def function(x: Tensor) -> Tensor:
        return value(x, *parameters)

    @function.defjvp
    def _(primals: tuple[Tensor], tangents: tuple[Tensor]) -> tuple[Tensor, Tensor]:
        (x,), (direction,) = primals, tangents
        x = jax.numpy.asarray(x)  # a Python number is left as it is
        return function(x), pullback(x, direction, *parameters)

    return cast(Map, function)


@functools.cache
def _tensorflow_with_gradient(
    value: Map, pullback: Pullback, parameters: tuple[float, ...]
) -> Map:
    import tensorflow as tf

    def function(x: Tensor) -> tuple[Tensor, Map]:
        return value(x, *parameters), lambda g: pullback(x, g, *parameters)

    return cast(Map, tf.custom_gradient(function))


_differentiable = {
    "jax": _jax_with_gradient,
    "tensorflow": _tensorflow_with_gradient,
}


def sigmoid(x: Tensor) -> Tensor:
    """Return 1/(1+e^-x), with the backend's derivative y(1-y)."""
    return ops.sigmoid(x)


def sigmoid_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    """Return a gradient times the derivative of the sigmoid."""
    y = sigmoid(x)
    if runs_on("torch") and not differentiates_again():
        import torch

        return torch.ops.aten.sigmoid_backward(gradient, y)
    return gradient * (y * (1 - y))


def _decay(x: Tensor, rate: int) -> tuple[Tensor, Tensor]:
    """Return e = exp(-rate |x|), and 1/(1+e)."""
    e = ops.exp(rate * minus_abs(x))
    return e, 1 / (1 + e)


def sigmoid_slope(x: Tensor) -> Tensor:
    """Return the derivative of the sigmoid."""
    e, quotient = _decay(x, 1)
    return e * quotient * quotient


def tanh_slope(x: Tensor) -> Tensor:
    """Return the derivative of tanh, 1/cosh² x."""
    e, quotient = _decay(x, 2)
    return 4 * e * quotient * quotient


def tanh(x: Tensor) -> Tensor:
    """Return tanh x, whose derivative is within 2 epsilons.

    torch's own, 1-y², is. The tanh of TensorFlow and XLA is 1 from 8 on, and their 1-y²
    is wrong by 5 epsilons before.
    """
    if runs_on("torch"):
        return ops.tanh(x)
    return with_gradient(plain_tanh, _tanh_pullback, x)


def _tanh_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    """Return a gradient times 1/cosh² x, which is 4 s(1-s) for the sigmoid s of 2x."""
    if runs_on("tensorflow"):
        import tensorflow as tf

        s = ops.sigmoid(2 * minus_abs(x))
        return 4 * tf.raw_ops.SigmoidGrad(y=s, dy=gradient)
    return gradient * tanh_slope(x)


def plain_tanh(x: Tensor) -> Tensor:
    """Return tanh x with the automatic derivative of the backend."""
    if runs_on("jax"):  # where keras.ops.tanh rounds float64 to float32
        import jax.numpy as jnp

        return jnp.tanh(x)
    return ops.tanh(x)


def sin(x: Tensor) -> Tensor:
    """Return sin x."""
    if runs_on("jax"):  # where keras.ops.sin rounds float64 to float32
        import jax.numpy as jnp

        return jnp.sin(x)
    return ops.sin(x)


def cos(x: Tensor) -> Tensor:
    """Return cos x."""
    if runs_on("jax"):  # where keras.ops.cos rounds float64 to float32
        import jax.numpy as jnp

        return jnp.cos(x)
    return ops.cos(x)


def expm1(x: Tensor) -> Tensor:
    """Return e^x - 1 for `x` up to 0.

    The automatic derivative, y + 1, cancels where y is near -1.
    """
    return with_gradient(_expm1, _expm1_pullback, x)


def _expm1(x: Tensor) -> Tensor:
    if not compiles_torch():
        return ops.expm1(x)
    # The compiler writes e^x - 1, which cancels near 0.
    t = ops.tanh(0.5 * x)
    return 2 * t / (1 - t)


def _expm1_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    return gradient * ops.exp(x)


def erfc(x: Tensor) -> Tensor:
    """Return 1 - erf x by the backend, as `keras.ops` does from Keras 3.15 on."""
    if runs_on("jax"):
        import jax

        return jax.scipy.special.erfc(x)
    if runs_on("tensorflow"):
        import tensorflow as tf

        return tf.math.erfc(x)
    return ops.erfc(x)


def cumsum(x: Tensor, axis: int) -> Tensor:
    """Return the cumulative sum along an axis."""
    if runs_on("torch"):  # where keras.ops.cumsum rounds float64 to float32
        return x.cumsum(axis)
    return ops.cumsum(x, axis=axis)


def take_along_axis(x: Tensor, index: Tensor, axis: int) -> Tensor:
    """Return the elements at indices, 0 or above, that have the sizes of `x` beside."""
    if runs_on("torch"):  # where keras.ops fixes the batch size in `torch.export`
        return x.gather(axis, index.long())
    return ops.take_along_axis(x, index, axis=axis)


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """Return the matrix product."""
    if runs_on("torch"):  # where keras.ops.matmul rounds float64 to float32
        return x @ y
    return ops.matmul(x, y)


def mean(x: Tensor, axes: int | tuple[int, ...]) -> Tensor:
    """Return the mean along axes, also of a `KerasTensor`."""
    if keras.backend.standardize_dtype(x.dtype) != "float64":
        return ops.mean(x, axes)
    # keras.ops.mean rounds float64 to float32 on JAX and torch.
    return ops.sum(x, axes) / ops.sum(ops.ones_like(x), axes)
