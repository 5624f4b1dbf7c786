"""The periodic family: a linear trend with a wave on it."""

from keras import ops

from keras_acts._checks import positive, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._pointwise import pointwise

_LARGEST_PHASE = 2.0**53
"""From here on even float64 numbers are further apart than the wave is fine."""

_SMALL_PHASE = 1e-4
"""Up to here sin p is p - p³/6 in every dtype."""


@activation(tensors=("x", "frequency"), checks={"frequency": real_or_tensor(positive)})
def snake(x: Tensor, frequency: Tensor = 1.0) -> Tensor:
    """Snake: `x + sin(frequency * x)**2 / frequency`.

    ±inf at ±inf. The gradient is `1 + sin(2 * frequency * x)`, zero where the wave
    falls as the trend rises, and 1 where the phase `frequency * x` exceeds ±2**53.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        frequency: Positive number, or a tensor that broadcasts against `x`. A tensor
            may hold zeros, which give the limit, `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.snake([-1.0, 0.0, 2.0], frequency=0.5)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.54   0.     3.416]

    Reference:
        Ziyin, Hartwig, Ueda, 2020, "Neural Networks Fail to Learn Periodic Functions
        and How to Fix It", arXiv:2006.08195.
    """
    return pointwise(_snake, (_snake_by_x, _snake_by_frequency), x, frequency)


def _snake(x: Tensor, frequency: Tensor) -> Tensor:
    phase, quotient = _wave(x, frequency)
    return x + quotient * _numerics.sin(phase)


def _snake_by_x(x: Tensor, frequency: Tensor) -> Tensor:
    phase = frequency * x
    far = ops.abs(phase) >= _LARGEST_PHASE
    return 1 + _numerics.sin(2 * ops.where(far, _numerics.constant(0.0, x), phase))


def _snake_by_frequency(x: Tensor, frequency: Tensor) -> Tensor:
    phase, quotient = _wave(x, frequency)
    return quotient * (2 * (x * _numerics.cos(phase)) - quotient)


def _wave(x: Tensor, frequency: Tensor) -> tuple[Tensor, Tensor]:
    """Return the phase, finite as its sine has to be, and `sin(phase) / frequency`.

    The quotient is near x where the phase is small, also where that is 0.
    """
    phase = _numerics.clip(frequency * x, -_LARGEST_PHASE, _LARGEST_PHASE)
    small = ops.abs(phase) < _SMALL_PHASE
    one = _numerics.constant(1.0, x)
    near = x * (1 - ops.square(phase) / 6)
    far = _numerics.sin(phase) / ops.where(small, one, frequency)
    return phase, ops.where(small, near, far)


@activation(checks={"frequency": positive})
def sine(x: Tensor, frequency: float = 30.0) -> Tensor:
    """Sine: `sin(frequency * x)`, the activation of a SIREN.

    NaN at ±inf. The phase is rounded to the dtype of `x` (float32 for half precision),
    so that from about 1/epsilon on it says nothing of `x`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        frequency: Positive number. A SIREN has 30, and initial weights that are
            smaller by that factor behind its first layer.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.sine([-0.1, 0.0, 0.2])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.141  0.    -0.279]

    Reference:
        Sitzmann, Martel, Bergman, Lindell, Wetzstein, 2020, "Implicit Neural
        Representations with Periodic Activation Functions", arXiv:2006.09661.
    """
    return _numerics.with_gradient(_sine, _sine_pullback, x, frequency)


def _sine(x: Tensor, frequency: float) -> Tensor:
    return _numerics.sin(frequency * x)


def _sine_pullback(x: Tensor, gradient: Tensor, frequency: float) -> Tensor:
    return gradient * (frequency * _numerics.cos(frequency * x))
