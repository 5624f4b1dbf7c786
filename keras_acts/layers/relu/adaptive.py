"""Bent by what a small network makes of the input itself."""

from typing import Any

import keras
from keras import constraints, initializers, ops, regularizers

from keras_acts import _checks, functional
from keras_acts.functional import _numerics
from keras_acts.layers._base import ActivationLayer, Shape, register
from keras_acts.layers._normalized_dense import NormalizedDense


@register
class APReLU(ActivationLayer):
    """APReLU: `max(x, 0) + s * min(x, 0)`, one slope s a sample and channel.

    The slopes are computed from the input: `s = sigmoid(BN(FC(max(BN(FC(m)), 0))))`
    with m the global means of `max(x, 0)` and of `min(x, 0)` of each channel, one after
    the other; FC are dense layers, without the biases that BN, batch normalization,
    would cancel. Masked steps count in the means.

    Args:
        units: Width of the first dense layer, 1 or above. None (default) is the number
            of channels.
        kernel_initializer: Initializer of both dense layers. Default He normal.
        kernel_regularizer: Regularizer of both dense layers.
        kernel_constraint: Constraint of both dense layers.
        momentum: Momentum of both batch normalizations, from 0 to 1. Default 0.9.
        epsilon: Added to the variances there, above 0. Default 0.001.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.

    Input shape:
        Rank 2 to 5, with a known number of channels.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → NaN; +inf → +inf; NaN → NaN. One ±inf or NaN makes the slopes of
        its sample NaN, and so all that is not above 0 in it.

    Gradient:
        The slope at 0, and through the slopes.

    Example:
        >>> y = layers.APReLU()(np.zeros((2, 8, 3)))
        >>> tuple(y.shape)
        (2, 8, 3)

    Reference:
        Zhao, Zhong, Fu, Tang, Pecht, 2020, "Deep Residual Networks With Adaptively
        Parametric Rectifier Linear Units for Fault Diagnosis", IEEE Transactions on
        Industrial Electronics 68(3).
    """

    has_weights = True

    def __init__(
        self,
        units: int | None = None,
        kernel_initializer: Any = "he_normal",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        momentum: float = 0.9,
        epsilon: float = 1e-3,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.optional(_checks.positive_integer)("units", units)
        _checks.between(0, 1)("momentum", momentum)
        _checks.positive("epsilon", epsilon)
        formats = _checks.one_of("channels_last", "channels_first")
        _checks.optional(formats)("data_format", data_format)
        self.units = units
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.momentum = momentum
        self.epsilon = epsilon
        self.data_format = data_format or keras.config.image_data_format()

    def build(self, input_shape: Shape) -> None:
        """Make the two dense layers with their batch normalizations.

        Raises:
            ValueError: The rank is not 2 to 5, or the number of channels is unknown.
        """
        rank = len(input_shape)
        if not 2 <= rank <= 5:
            raise ValueError(
                "APReLU needs an input of rank 2 to 5. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        axis = self._channel_axis(rank)
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(
                f"APReLU needs a known number of channels, the size of axis {axis}. "
                f"Received: input_shape={tuple(input_shape)}, "
                f"data_format={self.data_format!r}"
            )
        self.squeeze = self._dense(2 * channels, self.units or channels)
        self.excite = self._dense(self.units or channels, channels)
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={axis: channels})
        self.built = True

    def _channel_axis(self, rank: int) -> int:
        return 1 if self.data_format == "channels_first" else rank - 1

    def _dense(self, size: int, units: int) -> NormalizedDense:
        kernel = {
            "initializer": self.kernel_initializer.clone(),
            "regularizer": self.kernel_regularizer,
            "constraint": self.kernel_constraint,
        }
        layer = NormalizedDense(
            units, kernel, self.momentum, self.epsilon, dtype=self.dtype_policy
        )
        layer.build((None, size))
        return layer

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the activation; `training` is passed to the batch normalizations."""
        x = self.to_compute_dtype(inputs)
        rank = len(x.shape)
        axis = self._channel_axis(rank)
        others = tuple(a for a in range(1, rank) if a != axis)
        means = [functional.relu(x), -functional.relu(-x)]
        if others:
            means = [_numerics.mean(part, others) for part in means]
        means = ops.concatenate(means, axis=-1)
        squeezed = functional.relu(self.squeeze(means, training=training))
        slope = functional.sigmoid(self.excite(squeezed, training=training))
        slope = ops.expand_dims(slope, axis=others) if others else slope
        return functional.aprelu(x, slope)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        return tuple(input_shape)

    @property
    def awaits_weights(self) -> bool:
        """Whether a weight does not exist yet."""
        return not self.built

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "data_format": self.data_format,
        }
