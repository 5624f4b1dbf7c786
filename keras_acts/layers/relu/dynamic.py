"""A maximum of lines that a small network draws anew for each sample."""

from typing import Any

from keras import initializers, ops

from keras_acts import _checks, functional
from keras_acts.functional import _numerics
from keras_acts.layers._adaptive import AdaptiveActivationLayer
from keras_acts.layers._base import Shape, register


@register
class DYReLU(AdaptiveActivationLayer):
    """DYReLU: the largest of `a[k] * x + b[k]`, both computed from the input.

    `a = (1, 0, …) + lambda_a * r` and `b = lambda_b * r'`, where r and r', between -1
    and 1, are `2 * sigmoid(FC(max(FC(m), 0))) - 1` of the global means m of the
    channels: a ReLU that each sample bends. Masked steps count in the means.

    Args:
        variant: What has lines of its own in a sample: nothing, all elements share them
            (`"A"`); each channel (`"B"`, default); or each channel, weighted by an
            attention to each place (`"C"`), `min(n / 3 * softmax(conv(x) /
            temperature), 1)` over the n places, conv with one output.
        pieces: Number of lines k. Default 2.
        reduction: The first dense layer has `channels // reduction` units, at least 1.
            Default 8.
        lambda_a: Range of the slopes, above 0. Default 1.
        lambda_b: Range of the intercepts, above 0. Default 0.5.
        temperature: That of the attention, above 0. Default 10.
        kernel_initializer: Initializer of the dense layers and the attention. None
            (default) is uniform with the variance `1 / (3 * inputs)`.
        kernel_regularizer: Regularizer of the dense layers and the attention.
        kernel_constraint: Constraint of the dense layers and the attention.
        bias_initializer: Initializer of the biases of the dense layers. Default zeros.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.

    Input shape:
        Rank 2 to 5, with a known number of channels; 3 to 5 with the variant C.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[..., ...]` (the largest b); `[inf, 0]` → `[..., ...]` (+inf, NaN or
        finite, as the slopes saturate); `[nan, 0]` → `[nan, nan]`. One ±inf or NaN
        reaches all of its sample.

    Gradient:
        Where lines cross, that of the last, and through the lines.

    Example:
        >>> y = layers.DYReLU()(np.zeros((2, 8, 3)))
        >>> tuple(y.shape)
        (2, 8, 3)

    Reference:
        Chen, Dai, Liu, Chen, Yuan, Liu, 2020, "Dynamic ReLU", arXiv:2003.10027.
    """

    def __init__(
        self,
        variant: str = "B",
        pieces: int = 2,
        reduction: int = 8,
        lambda_a: float = 1.0,
        lambda_b: float = 0.5,
        temperature: float = 10.0,
        kernel_initializer: Any = None,
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_initializer: Any = "zeros",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kernel_initializer is None:
            kernel_initializer = initializers.VarianceScaling(
                1 / 3, "fan_in", "uniform"
            )
        super().__init__(
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
            data_format=data_format,
            **kwargs,
        )
        _checks.one_of("A", "B", "C")("variant", variant)
        _checks.positive_integer("pieces", pieces)
        _checks.positive_integer("reduction", reduction)
        _checks.positive("lambda_a", lambda_a)
        _checks.positive("lambda_b", lambda_b)
        _checks.positive("temperature", temperature)
        self.variant = variant
        self.pieces = int(pieces)
        self.reduction = int(reduction)
        self.lambda_a = float(lambda_a)
        self.lambda_b = float(lambda_b)
        self.temperature = float(temperature)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Create the weights of the dense layers, and of the attention.

        Raises:
            ValueError: The rank does not fit, or the number of channels is unknown.
        """
        channels = self.require_channels(input_shape)
        if self.variant == "C" and len(input_shape) < 3:
            raise ValueError(
                "DYReLU of the variant C needs an input of rank 3 to 5, with places to "
                f"attend to. Received: input_shape={tuple(input_shape)}"
            )
        units = max(channels // self.reduction, 1)
        lines = 2 * self.pieces * (1 if self.variant == "A" else channels)
        self._add_dense("squeeze", channels, units)
        self._add_dense("excite", units, lines)
        self.attention_kernel = None
        if self.variant == "C":
            # Without bias, which the softmax would cancel.
            self.attention_kernel = self._add_kernel("attention", channels, 1)
        self.built = True

    def _add_dense(self, name: str, size: int, units: int) -> None:
        setattr(self, f"{name}_kernel", self._add_kernel(name, size, units))
        bias = self.add_weight(
            name=f"{name}_bias", shape=(units,), initializer=self.bias_initializer
        )
        setattr(self, f"{name}_bias", bias)

    def _add_kernel(self, name: str, size: int, units: int) -> Any:
        return self.add_weight(
            name=f"{name}_kernel", shape=(size, units), **self.kernel_settings
        )

    def call(self, inputs: Any) -> Any:
        """Apply the activation."""
        x = self.to_compute_dtype(inputs)
        slopes, intercepts = self._lines(x)
        y = functional.dyrelu(x, slopes, intercepts)
        # Not negative, so that it may stand before the maximum as well as behind.
        return y if self.attention_kernel is None else y * self._attention(x)

    def _lines(self, x: Any) -> tuple[Any, Any]:
        """Return the slopes and the intercepts, the pieces along the first axis."""
        h = _numerics.matmul(self.global_mean(x), self.squeeze_kernel)
        h = functional.relu(h + self.squeeze_bias)
        h = _numerics.matmul(h, self.excite_kernel) + self.excite_bias
        residuals = functional.tanh(h / 2)
        size = residuals.shape[-1] // (2 * self.pieces)
        parts = [
            self.spread(residuals[:, i * size : (i + 1) * size], len(x.shape))
            for i in range(2 * self.pieces)
        ]
        slopes = ops.stack(
            [
                self.lambda_a * part + (1.0 if k == 0 else 0.0)
                for k, part in enumerate(parts[: self.pieces])
            ]
        )
        return slopes, self.lambda_b * ops.stack(parts[self.pieces :])

    def _attention(self, x: Any) -> Any:
        """Return the weight of each place, from 0 to 1."""
        rank = len(x.shape)
        axis, places = self.channel_axis(rank), self.spatial_axes(rank)
        after = (1,) * (rank - 1 - axis)
        kernel = ops.reshape(self.attention_kernel, (-1, *after))
        z = ops.sum(x * kernel, axis=axis, keepdims=True)
        p = functional.softmax(z / self.temperature, axis=list(places))
        number = ops.sum(ops.ones_like(p), axis=places, keepdims=True)
        weight = p * (number / 3)
        return ops.where(weight >= 1, ops.ones_like(weight), weight)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {
            **super().get_config(),
            "variant": self.variant,
            "pieces": self.pieces,
            "reduction": self.reduction,
            "lambda_a": self.lambda_a,
            "lambda_b": self.lambda_b,
            "temperature": self.temperature,
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
