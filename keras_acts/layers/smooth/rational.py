"""A quotient of polynomials."""

from typing import Any

from keras import initializers

from keras_acts import functional
from keras_acts.functional.smooth.rational import DENOMINATOR, NUMERATOR
from keras_acts.layers._base import Shape, ShapedActivationLayer, register


@register
class Rational(ShapedActivationLayer):
    """Rational: `P(x) / Q(x)`, the Padé activation unit, all coefficients learned.

    `P(x) = a[0] + a[1] * x + … + a[5] * x**5` and
    `Q(x) = 1 + |b[0] * x| + … + |b[3] * x**4|`, which has no zero. They start where the
    quotient is nearest to a leaky ReLU of slope 0.01.

    Args:
        numerator_initializer: Initializer of the six coefficients a. None (default) is
            that of the leaky ReLU.
        numerator_regularizer: Regularizer of a.
        numerator_constraint: Constraint of a.
        denominator_initializer: Initializer of the four coefficients b. None (default)
            is that of the leaky ReLU.
        denominator_regularizer: Regularizer of b.
        denominator_constraint: Constraint of b.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        `[0]` → `[numerator[0]]`; `[-inf]` → `[-inf * numerator[5]]`;
        `[inf]` → `[inf * numerator[5]]`; `[nan]` → `[nan]`.

    Gradient:
        `[0]` → `[numerator[1]]`. Smooth elsewhere; at 0 it has a kink of
        `numerator[0] * |denominator[0]|` to each side.

    Example:
        >>> y = layers.Rational()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.011  0.03   2.   ]]

    Reference:
        Molina, Schramowski, Kersting, 2019, "Padé Activation Units: End-to-end Learning
        of Flexible Activation Functions in Deep Networks", arXiv:1907.06732; version A
        of the authors' library.
    """

    function = functional.rational

    def __init__(
        self,
        numerator_initializer: Any = None,
        numerator_regularizer: Any = None,
        numerator_constraint: Any = None,
        denominator_initializer: Any = None,
        denominator_regularizer: Any = None,
        denominator_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if numerator_initializer is None:
            numerator_initializer = initializers.Constant(list(NUMERATOR))
        if denominator_initializer is None:
            denominator_initializer = initializers.Constant(list(DENOMINATOR))
        self.declare_weights(
            numerator=(
                numerator_initializer,
                numerator_regularizer,
                numerator_constraint,
            ),
            denominator=(
                denominator_initializer,
                denominator_regularizer,
                denominator_constraint,
            ),
        )

    def weight_shapes(self, input_shape: Shape) -> dict[str, Shape]:  # noqa: ARG002
        """Return the shape of each weight by name."""
        return {"numerator": (len(NUMERATOR),), "denominator": (len(DENOMINATOR),)}
