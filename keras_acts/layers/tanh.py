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
        Smooth; 1 at 0, 0 at ±inf, accurate in both tails.

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
        0 → 0 clipped; -inf → `min_value`; +inf → `max_value`; NaN → NaN.

    Gradient:
        1 between the two values; 0 at both and beyond.

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
        Smooth, `tanh(x)**2`; 0 at 0, 1 at ±inf.

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
        Smooth; 0 at 0, -1 and 1 towards -inf and +inf.

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
        Smooth, `1 / (1 + |x|)**2`; 1 at 0, 0 at ±inf, accurate in both tails.

    Reference:
        Bergstra, Desjardins, Lamblin, Bengio, 2009, "Quadratic Polynomials Learn Better
        Image Features", technical report 1337, Université de Montréal.
    """

    function = functional.softsign
