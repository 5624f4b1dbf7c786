"""The gated family: one half of an axis times an activation of the other half."""

from typing import Any

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register


class _GatedActivationLayer(ActivationLayer):
    """An activation that halves one axis."""

    resizes = "axis"

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(axis=axis)


@register
class GLU(_GatedActivationLayer):
    """GLU: `a * sigmoid(b)`, where `a` and `b` are the halves of an axis.

    Args:
        axis: The axis that is halved. Default -1.

    Input shape:
        Any of rank 1 or above, with an even or unknown size along `axis`.

    Output shape:
        The input's, with half the size along `axis`.

    Edge values:
        0 → 0. The gate of -inf is 0, that of +inf is 1; 0 times infinity is NaN.
        NaN → NaN.

    Gradient:
        Smooth.

    Reference:
        Dauphin et al., 2016, "Language Modeling with Gated Convolutional Networks",
        arXiv:1612.08083.
    """

    function = functional.glu


@register
class ReGLU(_GatedActivationLayer):
    """ReGLU: `a * max(b, 0)`, where `a` and `b` are the halves of an axis.

    Args:
        axis: The axis that is halved. Default -1.

    Input shape:
        Any of rank 1 or above, with an even or unknown size along `axis`.

    Output shape:
        The input's, with half the size along `axis`.

    Edge values:
        0 → 0. The gate of -inf is 0, that of +inf is +inf; 0 times infinity is NaN.
        NaN → NaN.

    Gradient:
        That of the gate is 0 at its kink, 0.

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """

    function = functional.reglu


@register
class GEGLU(_GatedActivationLayer):
    """GEGLU: `a * gelu(b)`, where `a` and `b` are the halves of an axis.

    Args:
        axis: The axis that is halved. Default -1.

    Input shape:
        Any of rank 1 or above, with an even or unknown size along `axis`.

    Output shape:
        The input's, with half the size along `axis`.

    Edge values:
        0 → 0. The gate of -inf is 0, that of +inf is +inf; 0 times infinity is NaN.
        NaN → NaN.

    Gradient:
        Smooth.

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """

    function = functional.geglu


@register
class SwiGLU(_GatedActivationLayer):
    """SwiGLU: `a * swish(b)`, where `a` and `b` are the halves of an axis.

    Args:
        axis: The axis that is halved. Default -1.

    Input shape:
        Any of rank 1 or above, with an even or unknown size along `axis`.

    Output shape:
        The input's, with half the size along `axis`.

    Edge values:
        0 → 0. The gate of -inf is 0, that of +inf is +inf; 0 times infinity is NaN.
        NaN → NaN.

    Gradient:
        Smooth.

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """

    function = functional.swiglu
