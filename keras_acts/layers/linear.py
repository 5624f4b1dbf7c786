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
        0 → 0; ±inf → ±inf; NaN → NaN.

    Gradient:
        0 → 1; ±inf → 1.

    Example:
        >>> y = layers.Linear()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-1.  0.  2.]]

    Reference:
        The identity, as in `keras.activations.linear`.
    """

    function = functional.linear
