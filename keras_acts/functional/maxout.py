"""The maxout family: the largest of several linear pieces, or of several channels."""

from typing import Any

from keras import ops

from keras_acts._checks import axis, positive_integer
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import position

Shape = tuple[int | None, ...]


def _units(x: Any, kernel: Any, bias: Any = None, pieces: int = 2) -> Shape:
    """Return the shape of the result of `maxout`.

    Raises:
        ValueError: The shapes do not fit.
    """
    columns = kernel.shape[-1]
    rows = x.shape[-1] if x.shape[-1] is not None else kernel.shape[0]
    fits = len(x.shape) >= 2 and tuple(kernel.shape) == (rows, columns)
    if bias is not None:
        fits = fits and tuple(bias.shape) == (columns,)
    if not fits or columns % pieces:
        shapes = [
            None if one is None else tuple(one.shape) for one in (x, kernel, bias)
        ]
        raise ValueError(
            "`kernel` must have the shape (features of x, units * pieces), and `bias` "
            f"(units * pieces,). Received: pieces={pieces}, and the shapes {shapes[0]} "
            f"of x, {shapes[1]} of kernel, {shapes[2]} of bias"
        )
    return (*x.shape[:-1], columns // pieces)


@activation(
    tensors=("x", "kernel", "bias"),
    checks={"pieces": positive_integer},
    exact=True,
    output_shape=_units,
)
def maxout(x: Tensor, kernel: Tensor, bias: Tensor = None, pieces: int = 2) -> Tensor:
    """Maxout: `max over k of (x · W_k + b_k)`, all pieces by one matrix product.

    Half precision is multiplied as such, like that of a Dense layer. Pieces that tie
    share the gradient equally.

    Args:
        x: Tensor of shape `(…, features)`, rank 2 or more; float16, bfloat16, float32,
            float64 or an integer dtype.
        kernel: Tensor of shape `(features, units * pieces)`. The pieces of one unit
            are neighbours: column `u * pieces + k` is piece `k` of unit `u`.
        bias: None, or a tensor of shape `(units * pieces,)`, in the same order.
        pieces: Number of pieces a unit, 1 or more.

    Returns:
        A tensor of shape `(…, units)` and the dtype of `x`; the default float for
        integers.

    Raises:
        ValueError: The shapes do not fit, or `pieces` is no positive integer.

    Example:
        >>> y = functional.maxout([[1.0, 2.0]], kernel=[[1.0, 0.0], [0.0, 1.0]])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[2.]]

    Reference:
        Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389.
    """
    _units(x, kernel, bias, pieces)
    y = _numerics.matmul(x, kernel)
    if bias is not None:
        y = y + bias
    return _largest_of_groups(y, kernel.shape[1] // pieces, -1)


def _groups(x: Any, units: int, axis: int = -1) -> Shape:
    """Return the shape of the result of `channel_maxout`.

    Raises:
        ValueError: `x` has no such axis, or its size is known and not a multiple.
    """
    shape, axis = list(x.shape), position(axis, x)
    if shape[axis] is not None and (shape[axis] == 0 or shape[axis] % units):
        raise ValueError(
            "`x` must have a multiple of `units` elements along `axis`. "
            f"Received: x.shape={tuple(shape)}, axis={axis}, units={units}"
        )
    shape[axis] = units
    return tuple(shape)


@activation(
    checks={"units": positive_integer, "axis": axis}, exact=True, output_shape=_groups
)
def channel_maxout(x: Tensor, units: int, axis: int = -1) -> Tensor:
    """ChannelMaxout: the largest element of each of `units` groups of an axis.

    A group is made of neighbours: element `c` of `n` belongs to group `c // (n /
    units)`. Elements that tie share the gradient equally. A group that holds NaN gives
    NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype. Its size along `axis` is a multiple of `units`.
        units: Number of groups, 1 or more.
        axis: The axis that is grouped.

    Returns:
        A tensor of the dtype of `x`, the default float for integers, of size `units`
        along `axis`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is no multiple of `units`.

    Example:
        >>> y = functional.channel_maxout([1.0, 4.0, 3.0, 2.0], units=2)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [4. 3.]

    Reference:
        Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389, over the channels
        of a convolution.
    """
    _groups(x, units, axis)
    return _largest_of_groups(x, units, axis)


def _largest_of_groups(x: Tensor, units: int, axis: int) -> Tensor:
    """Split an axis in `units` groups of neighbours and return the largest of each."""
    shape, axis = list(ops.shape(x)), position(axis, x)
    pieces = shape[axis] // units
    shape[axis : axis + 1] = [units, pieces]
    groups = ops.reshape(x, shape)
    if pieces == 2 and _numerics.runs_on("torch"):
        # Several times as fast as a reduction; the gradient of ties is shared as well.
        return groups.select(axis + 1, 0).maximum(groups.select(axis + 1, 1))
    return _numerics.largest_along(groups, axis + 1)
