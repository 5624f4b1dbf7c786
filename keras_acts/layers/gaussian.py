"""The gaussian family: inputs weighted by their normal distribution."""

from typing import Any

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register


@register
class GELU(ActivationLayer):
    """GELU: `x * Φ(x)`, where Φ is the distribution function of the normal.

    Args:
        approximate: `"none"` (default, or False) for Φ itself; `"tanh"` (or True) for
            `Φ(x) ≈ (1 + tanh(sqrt(2/π) * (x + 0.044715 * x**3))) / 2`; `"sigmoid"` for
            `Φ(x) ≈ sigmoid(1.702 * x)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0 (the limit); +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1/2; -inf → 0; 100 → 1. Smooth, finite for every finite input.

    Example:
        >>> y = layers.GELU(approximate="tanh")(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.159  0.     1.955]]

    Reference:
        Hendrycks, Gimpel, 2016, "Gaussian Error Linear Units (GELUs)",
        arXiv:1606.08415.
    """

    function = functional.gelu

    def __init__(self, approximate: str | bool = "none", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(approximate=approximate)
