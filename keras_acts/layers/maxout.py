"""The maxout family: the largest of several linear pieces, or of several channels."""

from typing import Any

from keras import constraints, initializers, regularizers
from keras.layers import InputSpec

from keras_acts import _checks, functional
from keras_acts.layers._base import ActivationLayer, Shape, register


@register
class Maxout(ActivationLayer):
    """Maxout: `max over k of (x · W_k + b_k)`, a learned convex piecewise linear map.

    A Dense layer and its activation in one. All pieces are one matrix product; column
    `u * pieces + k` of the kernel is piece `k` of unit `u`.

    Args:
        units: Number of outputs, 1 or more.
        pieces: Number of linear pieces a unit, 1 or more. Default 2.
        use_bias: Whether each piece has a bias. Default True.
        kernel_initializer: Initializer of the kernel. Default Glorot uniform.
        bias_initializer: Initializer of the bias. Default zeros.
        kernel_regularizer: Regularizer of the kernel. Default None.
        bias_regularizer: Regularizer of the bias. Default None.
        kernel_constraint: Constraint of the kernel. Default None.
        bias_constraint: Constraint of the bias. Default None.

    Input shape:
        `(batch, …, features)`, with known `features`.

    Output shape:
        `(batch, …, units)`.

    Edge values:
        Of one unit: `[0, 0]` → `[max(bias)]`; `[inf, 0]` → `[inf * max(kernel[0])]`;
        `[nan, 0]` → `[nan]`. NaN where a piece gives NaN.

    Gradient:
        That of the largest piece; pieces that tie share it equally.

    Example:
        >>> y = layers.Maxout(units=3)(np.ones((2, 5)))
        >>> tuple(y.shape)
        (2, 3)

    Reference:
        Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389.
    """

    function = functional.maxout
    has_weights = True

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive_integer("units", units)
        _checks.boolean("use_bias", use_bias)
        self.configure(pieces=pieces)
        self.units = int(units)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel = None
        self.bias = None

    def build(self, input_shape: Shape) -> None:
        """Create the kernel and the bias.

        Raises:
            ValueError: The input has no known number of features.
        """
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "The input of Maxout must be of rank 2 or above with a known last size."
                f" Received: input_shape={tuple(input_shape)}"
            )
        features, columns = input_shape[-1], self.units * self.pieces
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, columns),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(columns,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the largest piece of each unit."""
        x = self.to_compute_dtype(inputs)
        return functional.maxout(x, **self.learned, **self.arguments)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        return (*input_shape[:-1], self.units)

    @property
    def learned(self) -> dict[str, Any]:
        """The weights by name."""
        bias = {"bias": self.bias} if self.use_bias else {}
        return {"kernel": self.kernel, **bias}

    @property
    def awaits_weights(self) -> bool:
        """Whether a weight does not exist yet."""
        return self.kernel is None

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


@register
class ChannelMaxout(ActivationLayer):
    """ChannelMaxout: the largest element of each of `units` groups of an axis.

    Maxout after a convolution of `units * pieces` filters. A group is made of
    neighbours: element `c` of `n` belongs to group `c // (n / units)`.

    Args:
        units: Number of groups, 1 or more.
        axis: The axis that is grouped. Default -1.

    Input shape:
        Any of rank 1 or above, with a multiple of `units`, or an unknown size, along
        `axis`.

    Output shape:
        The input's, with the size `units` along `axis`.

    Edge values:
        Of one unit: `[0, -1]` → `[0]`; `[-inf, 1]` → `[1]`; `[inf, 1]` → `[inf]`;
        `[nan, 1]` → `[nan]`.

    Gradient:
        `[1, 0]` → `[1, 0]`; `[1, 1]` → `[1/2, 1/2]` (ties share it equally).

    Example:
        >>> y = layers.ChannelMaxout(units=2)(np.array([[1.0, 4.0, 3.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[4. 3.]]

    Reference:
        Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389, over the channels
        of a convolution.
    """

    function = functional.channel_maxout
    resizes = "axis"

    def __init__(self, units: int, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(units=units, axis=axis)
