"""The linear family: the identity."""

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register


@register
class Linear(ActivationLayer):
    """Linear: `x`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        Each input gives itself: 0, ±inf, NaN.

    Gradient:
        1 everywhere.

    Reference:
        The identity, as in `keras.activations.linear`.
    """

    function = functional.linear
