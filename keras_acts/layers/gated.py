"""The gated family: one half of an axis times an activation of the other half."""

from typing import Any

from keras import constraints, initializers, ops, regularizers
from keras.layers import InputSpec

from keras_acts import _checks, functional
from keras_acts.layers._base import ActivationLayer, Shape, register


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


@register
class ClippedSwiGLU(ActivationLayer):
    """ClippedSwiGLU: `(clip(a, -limit, limit) + 1) * swish(min(b, limit), alpha)`.

    The gate b has the even places of the axis and a the odd ones, as in gpt-oss; else a
    is the first half and b the second, as in `SwiGLU`.

    Args:
        axis: The axis that is halved. Default -1.
        limit: Largest size of a and largest b, above 0. Default 7.
        alpha: Sharpness of the gate, above 0. Default 1.702.
        interleaved: Whether gates and values alternate along the axis. Default True.

    Input shape:
        Any of rank 1 or above, with an even or unknown size along `axis`.

    Output shape:
        The input's, with half the size along `axis`.

    Edge values:
        Of one pair b, a: `[0, 1]` → `[0]`; `[1, -1]` → `[0]`; `[-inf, 1]` → `[0]`;
        `[1, -inf]` → `[-5.0747746]`; `[inf, -1]` → `[0]`;
        `[nan, 1]` → `[nan]`; `[1, nan]` → `[nan]`.

    Gradient:
        `[9, 1]` → `[0, 6.9999531]` (the gate is clipped); `[1, 8]` → `[8.5422369, 0]`.
        Where a clip begins, it is 0.

    Example:
        >>> y = layers.ClippedSwiGLU()(np.array([[1.0, 2.0, 9.0, -3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[  2.537 -14.   ]]

    Reference:
        OpenAI, 2025, "gpt-oss-120b & gpt-oss-20b Model Card", arXiv:2508.10925, as its
        published code has it.
    """

    function = functional.clipped_swiglu
    resizes = "axis"

    def __init__(
        self,
        axis: int = -1,
        limit: float = 7.0,
        alpha: float = 1.702,
        interleaved: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configure(axis=axis, limit=limit, alpha=alpha, interleaved=interleaved)


def _another(initializer: Any) -> Any:
    """Return an initializer alike that draws other numbers."""
    if not isinstance(initializer, initializers.Initializer):
        return initializer
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        return type(initializer).from_config({**config, "seed": config["seed"] + 1})
    return initializer.clone()


@register
class GatedDense(ActivationLayer):
    """GatedDense: `a * gate(b)`, `a` and `b` the halves of `x · kernel + bias`.

    A Dense layer and its gate in one, as the first half of a transformer's feed-forward
    network: SwiGLU, GEGLU, ReGLU or GLU by the name of the gate. Both halves are one
    matrix product.

    Args:
        units: Number of outputs, 1 or more. None (default) is as many as inputs.
        gate: `"swish"` (default), `"gelu"`, `"relu"` or `"sigmoid"`.
        use_bias: Whether there is a bias. Default True.
        kernel_initializer: Initializer of the kernel. Default Glorot uniform, for each
            half.
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
        Of one input and one unit: `[0]` → `[...]` (the gated bias);
        `[inf]` → `[inf * kernel[0][0] * maximum(inf * kernel[0][1], 0)]` (NaN where the
        gate is 0); `[nan]` → `[nan]`.

    Gradient:
        That of the gate: smooth, but for the kink of `"relu"`, where it is 0.

    Example:
        >>> y = layers.GatedDense(units=3, gate="gelu")(np.ones((2, 5)))
        >>> tuple(y.shape)
        (2, 3)

    Reference:
        Shazeer, 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """

    function = functional.gated_dense
    has_weights = True

    def __init__(
        self,
        units: int | None = None,
        gate: str = "swish",
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
        _checks.optional(_checks.positive_integer)("units", units)
        _checks.boolean("use_bias", use_bias)
        self.configure(gate=gate)
        self.units = None if units is None else int(units)
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
                "The input of GatedDense must be of rank 2 or above with a known last "
                f"size. Received: input_shape={tuple(input_shape)}"
            )
        features = input_shape[-1]
        columns = 2 * (self.units or features)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, columns),
            initializer=self._of_each_half,
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

    def _of_each_half(self, shape: Shape, dtype: Any = None) -> Any:
        """Draw each half as a kernel of its own, whose variance depends on its size."""
        rows, columns = shape
        assert columns is not None  # a kernel's shape is known
        both = (self.kernel_initializer, _another(self.kernel_initializer))
        halves = [draw((rows, columns // 2), dtype=dtype) for draw in both]
        return ops.concatenate(halves, axis=-1)

    def call(self, inputs: Any) -> Any:
        """Return the gated product."""
        x = self.to_compute_dtype(inputs)
        return functional.gated_dense(x, **self.learned, **self.arguments)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        return (*input_shape[:-1], self.units or input_shape[-1])

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
