"""The sigmoid family: smooth and hard gates, and what they multiply."""

from keras import ops

from keras_acts._checks import finite, positive, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._pointwise import pointwise
from keras_acts.functional.exponential import softplus


@activation()
def sigmoid(x: Tensor) -> Tensor:
    """Sigmoid: `1 / (1 + exp(-x))`.

    0 at -inf, 1 at +inf. The gradient is `y * (1 - y)`, 0 in both tails.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.sigmoid([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.269 0.5   0.881]

    Reference:
        Rumelhart, Hinton, Williams, 1986, "Learning representations by
        back-propagating errors", Nature 323.
    """
    return _numerics.sigmoid(x)


@activation(checks={"slope": positive, "offset": finite})
def hard_sigmoid(x: Tensor, slope: float = 1 / 6, offset: float = 0.5) -> Tensor:
    """HardSigmoid: `clip(slope * x + offset, 0, 1)`.

    The gradient is 0 where the clip begins and beyond. Keras 2 and ONNX by default
    have `slope=0.2`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        slope: Slope of the middle part, above 0.
        offset: Value at 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.hard_sigmoid([-4.0, 0.0, 1.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.   0.5  0.75]

    Reference:
        Courbariaux, Bengio, David, 2015, "BinaryConnect", arXiv:1511.00363; with slope
        1/6 Howard et al., 2019, "Searching for MobileNetV3", arXiv:1905.02244.
    """
    if (slope, offset) == (1 / 6, 0.5):
        return _hard_gate(x)
    return _numerics.bounded(slope * x + offset, 0.0, 1.0)


def _hard_gate(x: Tensor) -> Tensor:
    """Return clip(x+3, 0, 6)/6."""
    if _numerics.runs_on("tensorflow"):
        return ops.hard_sigmoid(x)
    if _numerics.has_kernel(x):
        return _numerics.with_gradient(ops.hard_sigmoid, _hard_gate_pullback, x)
    return _hard_gate_formula(x)


def _hard_gate_formula(x: Tensor) -> Tensor:
    # JAX's own gradient is a half at both ends.
    return (_numerics.bounded(x, -3.0, 3.0) + 3) / 6


def _hard_gate_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    import torch

    # The kernel rounds float64 to float32, and has no derivative.
    if not _numerics.differentiates_again() and x.dtype != torch.float64:
        return torch.ops.aten.hardsigmoid_backward(gradient, x)
    return ops.where(ops.abs(x) < 3, gradient / 6, _numerics.constant(0.0, x))


@activation()
def log_sigmoid(x: Tensor) -> Tensor:
    """LogSigmoid: `log(1 / (1 + exp(-x)))`, that is `-softplus(-x)`.

    Stable at both ends: near x for large negative `x` and -exp(-x) for large positive
    ones. -inf at -inf, 0 at +inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.log_sigmoid([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.313 -0.693 -0.127]

    Reference:
        The logarithm of `sigmoid`, as in the likelihood of logistic regression
        (Cox, 1958, "The Regression Analysis of Binary Sequences").
    """
    if _numerics.runs_on("torch"):
        return ops.log_sigmoid(x)
    # TensorFlow's own is off by 6 ulp at 14. JAX's gradient, exp(-x - softplus(-x)),
    # loses the digits that the difference loses.
    if _numerics.runs_on("tensorflow"):
        return -softplus.formula(-x)
    least = ops.where(x < 0, x, _numerics.constant(0.0, x))
    return least - ops.log1p(ops.exp(_numerics.minus_abs(x)))


@activation(tensors=("x", "beta"), checks={"beta": real_or_tensor(finite)})
def swish(x: Tensor, beta: Tensor = 1.0) -> Tensor:
    """Swish: `x * sigmoid(beta * x)`; SiLU where beta is 1.

    0 at -inf for positive `beta`; +inf at +inf. The tail underflows to 0 a little
    before its true value does, where that is below 1e-35 in float32 (1e-304 in
    float64).

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        beta: A finite number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.swish([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.269  0.     1.762]

    Reference:
        Ramachandran, Zoph, Le, 2017, "Searching for Activation Functions",
        arXiv:1710.05941; Elfwing, Uchibe, Doya, 2017, arXiv:1702.03118.
    """
    if not isinstance(beta, int | float):
        return pointwise(_swish, (_swish_by_x, _swish_by_beta), x, beta)
    return _numerics.with_gradient(_swish, swish_pullback, x, beta)


silu = swish


def _swish(x: Tensor, beta: Tensor) -> Tensor:
    x = _numerics.clip(x, low=-_numerics.largest(x))  # which gives -inf its limit
    if isinstance(beta, int | float) and beta == 1:
        return ops.silu(x)
    return x * _numerics.sigmoid(beta * x)


def swish_pullback(x: Tensor, gradient: Tensor, beta: float = 1.0) -> Tensor:
    """Return a gradient times the derivative of Swish."""
    if beta == 1 and not _numerics.differentiates_again():
        import torch

        near = _numerics.clip(x, -1000.0, 1000.0)
        return torch.ops.aten.silu_backward(gradient, near)
    return gradient * _swish_by_x(x, beta)


def _swish_by_x(x: Tensor, beta: Tensor) -> Tensor:
    # From 1000 on the slope is 0 in every dtype; its product with infinity is NaN.
    t = _numerics.clip(beta * x, -1000.0, 1000.0)
    return _numerics.sigmoid(t) + t * _numerics.sigmoid_slope(t)


def _swish_by_beta(x: Tensor, beta: Tensor) -> Tensor:
    largest = _numerics.largest(x)
    x = _numerics.clip(x, -largest, largest)
    return x * (x * _numerics.sigmoid_slope(beta * x))


@activation()
def hard_swish(x: Tensor) -> Tensor:
    """HardSwish: `x * clip(x + 3, 0, 6) / 6`.

    Finite for every finite `x`; 0 at -inf, +inf at +inf. The gradient is 0 at -3
    and 1 at 3, as outside.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.hard_swish([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.333  0.     1.667]

    Reference:
        Howard et al., 2019, "Searching for MobileNetV3", arXiv:1905.02244.
    """
    return _numerics.with_gradient(_hard_swish, _hardswish_pullback, x)


def _hard_swish(x: Tensor) -> Tensor:
    # Below -3 the gate is 0; the clip gives -inf the limit 0, where 0 * -inf is NaN.
    return _numerics.clip(x, low=-3.0) * _hard_gate(x)


def _hardswish_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    if not _numerics.differentiates_again():
        import torch

        return torch.ops.aten.hardswish_backward(gradient, x)
    middle = _numerics.bounded(x, -3.0, 3.0) / 3 + 0.5
    outside = ops.where(x >= 3, ops.ones_like(x), middle)
    return gradient * ops.where(x <= -3, ops.zeros_like(x), outside)


@activation()
def sparse_sigmoid(x: Tensor) -> Tensor:
    """SparseSigmoid: `clip((x + 1) / 2, 0, 1)`.

    The gradient is 0 at -1 and 1 and beyond.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.sparse_sigmoid([-2.0, 0.0, 0.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.   0.5  0.75]

    Reference:
        Martins, Astudillo, 2016, "From Softmax to Sparsemax", arXiv:1602.02068: the
        two-class case of sparsemax.
    """
    return (_numerics.bounded(x, -1.0, 1.0) + 1) / 2


@activation()
def sparse_plus(x: Tensor) -> Tensor:
    """SparsePlus: 0 for `x <= -1`, `(x + 1)**2 / 4` in between, `x` for `x >= 1`.

    Its gradient is `sparse_sigmoid`, at ±inf too.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.sparse_plus([-2.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.   0.25 2.  ]

    Reference:
        The integral of `sparse_sigmoid`, as in `jax.nn.sparse_plus`.
    """
    middle = _numerics.bounded(x, -1.0, 1.0) + 1
    return ops.where(x >= 1, x, ops.square(middle) / 4)
