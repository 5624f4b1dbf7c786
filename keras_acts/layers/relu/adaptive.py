"""Bent by what a small network makes of the input itself."""

from typing import Any

from keras import ops

from keras_acts import _checks, functional
from keras_acts.layers._adaptive import NormalizingActivationLayer
from keras_acts.layers._base import Shape, register


@register
class APReLU(NormalizingActivationLayer):
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
        super().__init__(
            momentum=momentum,
            epsilon=epsilon,
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
            data_format=data_format,
            **kwargs,
        )
        _checks.optional(_checks.positive_integer)("units", units)
        self.units = units

    def build(self, input_shape: Shape) -> None:
        """Make the two dense layers with their batch normalizations.

        Raises:
            ValueError: The rank is not 2 to 5, or the number of channels is unknown.
        """
        channels = self.require_channels(input_shape)
        units = self.units or channels
        self.squeeze = self.dense("squeeze", 2 * channels, units)
        self.excite = self.dense("excite", units, channels)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the activation; `training` is passed to the batch normalizations."""
        x = self.to_compute_dtype(inputs)
        parts = functional.relu(x), -functional.relu(-x)
        means = ops.concatenate([self.global_mean(part) for part in parts], axis=-1)
        squeezed = functional.relu(self.squeeze(means, training=training))
        slope = functional.sigmoid(self.excite(squeezed, training=training))
        return functional.aprelu(x, self.spread(slope, len(x.shape)))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "units": self.units}
