"""Rectifiers: linear above 0, or nearly so, and bounded below."""

from typing import Any

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register


@register
class SmeLU(ActivationLayer):
    """SmeLU: 0 for `x <= -beta`, `(x + beta)**2 / (4 * beta)`, `x` for `x >= beta`.

    Args:
        beta: Half the width of the quadratic part, above 0. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `beta / 4`; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1/2; `-beta` → 0; `beta` → 1; -inf → 0; +inf → 1. Continuous.

    Example:
        >>> y = layers.SmeLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.   0.25 2.  ]]

    Reference:
        Shamir, Lin, Coviello, 2022, "Smooth Activations and Reproducibility in Deep
        Networks", arXiv:2202.06499.
    """

    function = functional.smelu

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(beta=beta)


@register
class ISRLU(ActivationLayer):
    """ISRLU: `x` where `x >= 0`, else `x / sqrt(1 + alpha * x**2)`.

    Args:
        alpha: How soon it saturates, above 0. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-1 / sqrt(alpha)`; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1; -inf → 0; +inf → 1. Continuous, and so is its derivative.

    Example:
        >>> y = layers.ISRLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.707  0.     2.   ]]

    Reference:
        Carlile, Delamarter, Kinney, Marti, Whitney, 2017, "Improving Deep Learning by
        Inverse Square Root Linear Units (ISRLUs)", arXiv:1710.09967.
    """

    function = functional.isrlu

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(alpha=alpha)


@register
class SERLU(ActivationLayer):
    """SERLU: `scale * x` where `x >= 0`, else `scale * alpha * x * exp(x)`.

    `alpha` is 2.90427 and `scale` 1.07862, for which zero mean and unit variance are a
    fixed point.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `1.07862` (a kink); -inf → 0; +inf → `1.07862`.

    Example:
        >>> y = layers.SERLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-1.152  0.     2.157]]

    Reference:
        Zhang, Li, 2018, "Effectiveness of Scaled Exponentially-Regularized Linear Units
        (SERLUs)", arXiv:1807.10117.
    """

    function = functional.serlu


@register
class ELiSH(ActivationLayer):
    """ELiSH: `x * sigmoid(x)` where `x >= 0`, else `(exp(x) - 1) * sigmoid(x)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1/2; -inf → 0; +inf → 1. Continuous.

    Example:
        >>> y = layers.ELiSH()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.17   0.     1.762]]

    Reference:
        Basirat, Roth, 2018, "The Quest for the Golden Activation Function",
        arXiv:1808.00783.
    """

    function = functional.elish
