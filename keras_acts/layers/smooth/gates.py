"""Gates: bounded functions, and inputs weighted by one."""

from typing import Any

from keras_acts import functional
from keras_acts.functional.smooth.gates import LAPLACE_MU, LAPLACE_SIGMA
from keras_acts.layers._base import ActivationLayer, register


@register
class TeLU(ActivationLayer):
    """TeLU: `x * tanh(exp(x))`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `tanh(1)`; -inf → 0; +inf → 1. Smooth.

    Example:
        >>> y = layers.TeLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.352  0.     2.   ]]

    Reference:
        Fernandez, Mali, 2024, "TeLU Activation Function for Fast and Stable Deep
        Learning", arXiv:2412.20269.
    """

    function = functional.telu


@register
class GoLU(ActivationLayer):
    """GoLU: `x * exp(-exp(-x))`, the input weighted by the Gumbel distribution.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `exp(-1)`; -inf → 0; +inf → 1. Smooth.

    Example:
        >>> y = layers.GoLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.066  0.     1.747]]

    Reference:
        Das, Stadler, Hutter, 2025, "Gompertz Linear Units: Leveraging Asymmetry for
        Enhanced Learning Dynamics", arXiv:2502.03654.
    """

    function = functional.golu


@register
class HardMish(ActivationLayer):
    """HardMish: `x / 2 * clip(x + 2, 0, 2)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1; -2 → 0 (a kink); -inf → 0; +inf → 1.

    Example:
        >>> y = layers.HardMish()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.5  0.   2. ]]

    Reference:
        Diganta Misra, 2020, "H-Mish", as `hard_mish` of timm has it; after "Mish",
        arXiv:1908.08681.
    """

    function = functional.hard_mish


@register
class Laplace(ActivationLayer):
    """Laplace: `(1 + erf((x - mu) / (sigma * sqrt(2)))) / 2`.

    Args:
        mu: Where the value is 1/2. Default `sqrt(1/2)`.
        sigma: Width of the step, above 0. Default `sqrt(1 / (4π))`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        `mu` → 1/2; 0 → `erfc(mu / sigma / sqrt(2)) / 2`; -inf → 0; +inf → 1;
        NaN → NaN.

    Gradient:
        `mu` → `1 / (sigma * sqrt(2 * pi))`; ±inf → 0. Smooth.

    Example:
        >>> y = layers.Laplace()(np.array([[0.0, 0.5, 1.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.006 0.231 0.85 ]]

    Reference:
        Ma, Zhou, Kong, He, Gui, Neubig, May, Zettlemoyer, 2022, "Mega: Moving Average
        Equipped Gated Attention", arXiv:2209.10655.
    """

    function = functional.laplace

    def __init__(
        self, mu: float = LAPLACE_MU, sigma: float = LAPLACE_SIGMA, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.configure(mu=mu, sigma=sigma)


@register
class ISRU(ActivationLayer):
    """ISRU: `x / sqrt(1 + alpha * x**2)`.

    Args:
        alpha: How soon it saturates, above 0. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → `±1 / sqrt(alpha)`; NaN → NaN.

    Gradient:
        0 → 1; ±inf → 0. Smooth.

    Example:
        >>> y = layers.ISRU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.707  0.     0.894]]

    Reference:
        Carlile, Delamarter, Kinney, Marti, Whitney, 2017, "Improving Deep Learning by
        Inverse Square Root Linear Units (ISRLUs)", arXiv:1710.09967.
    """

    function = functional.isru

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(alpha=alpha)
