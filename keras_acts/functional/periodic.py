"""The periodic family: a linear trend with a wave on it."""

from keras import ops

from keras_acts._checks import positive, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation

_LARGEST_PHASE = 2.0**53
"""From here on even float64 numbers are further apart than the wave is fine."""


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
    if not isinstance(frequency, int | float):
        frequency = frequency + 1e-12 * ops.cast(frequency == 0, x.dtype)
    # The clip keeps the phase finite, and so its sine.
    phase = ops.clip(frequency * x, -_LARGEST_PHASE, _LARGEST_PHASE)
    return x + ops.square(_numerics.sin(phase)) / frequency
