"""Sparse distributions, found exactly by sorting."""

from keras_acts import functional
from keras_acts.layers._base import register
from keras_acts.layers.softmax._masked import AlongOneAxis


@register
class Sparsemax(AlongOneAxis):
    """Sparsemax: `max(x - τ, 0)`, the probability vector nearest to `x`.

    τ makes the sum 1; it is found exactly, by sorting.

    Args:
        axis: The axis over which the result sums to 1. Default -1.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: As that of `Softmax`.

    Input shape:
        Any of rank 1 or above that has the axis.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/2, 1/2]`; `[-inf, 0]` → `[0, 1]`; `[inf, 0]` → `[nan, nan]`;
        `[nan, 0]` → `[nan, nan]`; `[-inf, -inf]` → `[nan, nan]`.

    Gradient:
        That of the projection on the support; at the kinks, `x = τ`, an element is
        outside of it.

    Example:
        >>> y = layers.Sparsemax()(np.array([[0.0, 1.0, 1.5]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.   0.25 0.75]]

    Reference:
        Martins, Astudillo, 2016, "From Softmax to Sparsemax: A Sparse Model of
        Attention and Multi-Label Classification", arXiv:1602.02068.
    """

    function = functional.sparsemax


@register
class Entmax15(AlongOneAxis):
    """Entmax15: `max(x / 2 - τ, 0)**2`, between softmax and sparsemax.

    τ makes the sum 1; it is found exactly, by sorting.

    Args:
        axis: The axis over which the result sums to 1. Default -1.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: As that of `Softmax`.

    Input shape:
        Any of rank 1 or above that has the axis.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/2, 1/2]`; `[-inf, 0]` → `[0, 1]`; `[inf, 0]` → `[nan, nan]`;
        `[nan, 0]` → `[nan, nan]`; `[-inf, -inf]` → `[nan, nan]`.

    Gradient:
        Continuous; 0 outside of the support and at its border.

    Example:
        >>> y = layers.Entmax15()(np.array([[0.0, 1.0, 1.5]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.005 0.324 0.671]]

    Reference:
        Peters, Niculae, Martins, 2019, "Sparse Sequence-to-Sequence Models",
        arXiv:1905.05702.
    """

    function = functional.entmax15
