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
        Of one pair a, b: `[0, 1]` → `[0]`; `[1, 0]` → `[1/2]`; `[1, -inf]` → `[0]`;
        `[1, inf]` → `[1]`; `[inf, -inf]` → `[nan]` (infinity times 0);
        `[nan, 1]` → `[nan]`; `[1, nan]` → `[nan]`.

    Gradient:
        Smooth.

    Example:
        >>> y = layers.GLU()(np.array([[1.0, 2.0, 0.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.5   1.905]]

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
        Of one pair a, b: `[0, 1]` → `[0]`; `[1, 0]` → `[0]`; `[1, -inf]` → `[0]`;
        `[1, inf]` → `[inf]`; `[0, inf]` → `[nan]` (0 times infinity);
        `[inf, -inf]` → `[nan]`; `[nan, 1]` → `[nan]`; `[1, nan]` → `[nan]`.

    Gradient:
        `[1, 0]` → `[0, 0]` (the kink of the gate).

    Example:
        >>> y = layers.ReGLU()(np.array([[1.0, 2.0, 0.5, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.5 6. ]]

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
        Of one pair a, b: `[0, 1]` → `[0]`; `[1, 0]` → `[0]`; `[1, -inf]` → `[0]`;
        `[1, inf]` → `[inf]`; `[0, inf]` → `[nan]` (0 times infinity);
        `[inf, -inf]` → `[nan]`; `[nan, 1]` → `[nan]`; `[1, nan]` → `[nan]`.

    Gradient:
        Smooth.

    Example:
        >>> y = layers.GEGLU()(np.array([[1.0, 2.0, 0.5, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.346 5.992]]

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
        Of one pair a, b: `[0, 1]` → `[0]`; `[1, 0]` → `[0]`; `[1, -inf]` → `[0]`;
        `[1, inf]` → `[inf]`; `[0, inf]` → `[nan]` (0 times infinity);
        `[inf, -inf]` → `[nan]`; `[nan, 1]` → `[nan]`; `[1, nan]` → `[nan]`.

    Gradient:
        Smooth.

    Example:
        >>> y = layers.SwiGLU()(np.array([[1.0, 2.0, 0.5, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.311 5.715]]

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """

    function = functional.swiglu
