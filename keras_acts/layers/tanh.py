"""The tanh family: odd functions that saturate, and what is made of them."""

from typing import Any

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register


@register
class Tanh(ActivationLayer):
    """Tanh: `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → ±1; NaN → NaN.

    Gradient:
        0 → 1; ±inf → 0. Smooth, `1 - y**2`.

    Example:
        >>> y = layers.Tanh()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.762  0.     0.964]]

    Reference:
        LeCun, Bottou, Orr, Müller, 1998, "Efficient BackProp".
    """

    function = functional.tanh


@register
class HardTanh(ActivationLayer):
    """HardTanh: `clip(x, min_value, max_value)`.

    Args:
        min_value: Smallest value, a finite number. Default -1.
        max_value: Largest value, `min_value` or above. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `clip(0, min_value, max_value)`; -inf → `min_value`; +inf → `max_value`;
        NaN → NaN.

    Gradient:
        `min_value` → 0 (a kink); `max_value` → 0 (a kink); 0 → 1 where
        `min_value < 0 < max_value`; ±inf → 0.

    Example:
        >>> y = layers.HardTanh(max_value=1.5)(np.array([[-3.0, 0.5, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-1.   0.5  1.5]]

    Reference:
        Collobert, 2004, "Large Scale Machine Learning", thesis, Université Paris VI.
    """

    function = functional.hard_tanh

    def __init__(
        self, min_value: float = -1.0, max_value: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.configure(min_value=min_value, max_value=max_value)


@register
class TanhShrink(ActivationLayer):
    """TanhShrink: `x - tanh(x)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → ±inf; NaN → NaN. Accurate near 0, where it is x³/3.

    Gradient:
        0 → 0; ±inf → 1. Smooth, `tanh(x)**2`.

    Example:
        >>> y = layers.TanhShrink()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.238  0.     1.036]]

    Reference:
        As in `torch.nn.Tanhshrink`.
    """

    function = functional.tanh_shrink


@register
class LiSHT(ActivationLayer):
    """LiSHT: `x * tanh(x)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → +inf; NaN → NaN.

    Gradient:
        0 → 0; -100 → -1; 100 → 1. Smooth.

    Example:
        >>> y = layers.LiSHT()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.762 0.    1.928]]

    Reference:
        Roy, Manna, Dubey, Chaudhuri, 2019, "LiSHT: Non-Parametric Linearly Scaled
        Hyperbolic Tangent Activation Function", arXiv:1901.05894.
    """

    function = functional.lisht


@register
class Softsign(ActivationLayer):
    """Softsign: `x / (1 + |x|)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → ±1; NaN → NaN.

    Gradient:
        0 → 1; ±inf → 0. Smooth, `1 / (1 + |x|)**2`, accurate in both tails.

    Example:
        >>> y = layers.Softsign()(np.array([[-1.0, 0.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.5   0.    0.75]]

    Reference:
        Bergstra, Desjardins, Lamblin, Bengio, 2009, "Quadratic Polynomials Learn Better
        Image Features", technical report 1337, Université de Montréal.
    """

    function = functional.softsign
