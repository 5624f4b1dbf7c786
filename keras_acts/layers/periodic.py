"""The periodic family: a linear trend with a wave on it."""

from typing import Any

from keras_acts import functional
from keras_acts._learnable import TunableActivationLayer
from keras_acts.layers._base import ActivationLayer, register


@register
class Snake(TunableActivationLayer):
    """Snake: `x + sin(frequency * x)**2 / frequency`.

    Args:
        frequency: A number above 0, or an array of such that broadcasts against the
            input; where learned, its value at the start. Default 1.
        learnable: Whether the frequency is a weight. Default False.
        sharing: Which elements share a learned frequency: `"all"` (default),
            `"channel"`, or `"none"`.
        frequency_regularizer: Regularizer of a learned frequency. Default None.
        frequency_constraint: Constraint of a learned frequency. Default None.
        frequency_initializer: Initializer of a learned frequency, in place of
            `frequency`.
        **kwargs: `shared_axes` and `data_format` of `LearnableActivationLayer`.

    Input shape:
        Any; where not all share a learned frequency, of rank 2 or above, with known
        sizes along axes that are not shared.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → ±inf; NaN → NaN. A learned frequency of 0 gives the limit, x.

    Gradient:
        0 → 1. Smooth, `1 + sin(2 * frequency * x)`, and 1 where `frequency * x` exceeds
        ±2**53.

    Example:
        >>> y = layers.Snake(frequency=0.5)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.54   0.     3.416]]

    Reference:
        Ziyin, Hartwig, Ueda, 2020, "Neural Networks Fail to Learn Periodic Functions
        and How to Fix It", arXiv:2006.08195.
    """

    function = functional.snake

    def __init__(
        self,
        frequency: float = 1.0,
        learnable: bool = False,
        sharing: str = "all",
        frequency_regularizer: Any = None,
        frequency_constraint: Any = None,
        frequency_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        self.configure_or_learn(
            "frequency",
            frequency,
            learnable=learnable,
            initializer=frequency_initializer,
            regularizer=frequency_regularizer,
            constraint=frequency_constraint,
        )


@register
class Sine(ActivationLayer):
    """Sine: `sin(frequency * x)`, the activation of a SIREN.

    The phase is rounded to the compute dtype (float32 for half precision), so that from
    about 1/epsilon on it says nothing of the input.

    Args:
        frequency: A number above 0. Default 30.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        `[0]` → `[0]`; `[-inf]` → `[nan]`; `[inf]` → `[nan]`; `[nan]` → `[nan]`.

    Gradient:
        `[0]` → `[30]`. Smooth.

    Example:
        >>> y = layers.Sine()(np.array([[-0.1, 0.0, 0.2]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.141  0.    -0.279]]

    Reference:
        Sitzmann, Martel, Bergman, Lindell, Wetzstein, 2020, "Implicit Neural
        Representations with Periodic Activation Functions", arXiv:2006.09661.
    """

    function = functional.sine

    def __init__(self, frequency: float = 30.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(frequency=frequency)
