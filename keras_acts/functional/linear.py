"""The linear family: the identity."""

from keras_acts.functional._activation import Tensor, activation


@activation(exact=True)
def linear(x: Tensor) -> Tensor:
    """Linear: `x`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        `x`; as the default float for integers.

    Example:
        >>> y = functional.linear([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.  0.  2.]

    Reference:
        The identity, as in `keras.activations.linear`.
    """
    return x
