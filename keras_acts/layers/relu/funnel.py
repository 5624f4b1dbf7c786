"""Bent by the neighbours of each element."""

from typing import Any

from keras import initializers

from keras_acts import _checks, functional
from keras_acts.layers._adaptive import NormalizingActivationLayer
from keras_acts.layers._base import Shape, register
from keras_acts.layers._normalized import NormalizedDepthwiseConv


@register
class FReLU(NormalizingActivationLayer):
    """FReLU: `max(x, BN(conv(x)))`, the funnel activation.

    conv is a depthwise convolution, one window a channel, without the bias that BN,
    batch normalization, would cancel. What lies outside of the input counts as 0, and
    masked steps as they are. Rank 2 has no neighbours: a window is one weight there.

    Args:
        kernel_size: The window's size along each spatial axis. Default 3.
        kernel_initializer: Initializer of the windows. None (default) is normal, of the
            standard deviation 0.01.
        kernel_regularizer: Regularizer of the windows.
        kernel_constraint: Constraint of the windows.
        momentum: Momentum of the batch normalization, from 0 to 1. Default 0.9.
        epsilon: Added to the variance there, above 0. Default 1e-5.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.

    Input shape:
        Rank 2 to 5, with a known number of channels.

    Output shape:
        The input's.

    Edge values:
        `[[inf], [0], [0]]` → `[[inf], ..., ...]`; `[[nan], [0], [0]]` → `[[nan], [nan],
        ...]`. One ±inf or NaN reaches the elements whose window holds it; 0 gives what
        the normalization adds, where that is positive.

    Gradient:
        Where both are equal, that of the convolution alone.

    Example:
        >>> y = layers.FReLU()(np.array([[[-1.0], [0.0], [2.0]]]))
        >>> tuple(y.shape)
        (1, 3, 1)

    Reference:
        Ma, Zhang, Sun, 2020, "Funnel Activation for Visual Recognition",
        arXiv:2007.11824; as in the authors' code.
    """

    def __init__(
        self,
        kernel_size: int = 3,
        kernel_initializer: Any = None,
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kernel_initializer is None:
            kernel_initializer = initializers.RandomNormal(stddev=0.01)
        super().__init__(
            momentum=momentum,
            epsilon=epsilon,
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
            data_format=data_format,
            **kwargs,
        )
        _checks.positive_integer("kernel_size", kernel_size)
        self.kernel_size = int(kernel_size)

    def build(self, input_shape: Shape) -> None:
        """Make the convolution with its batch normalization.

        Raises:
            ValueError: The rank is not 2 to 5, or the number of channels is unknown.
        """
        self.require_channels(input_shape)
        self.condition = NormalizedDepthwiseConv(
            self.kernel_size,
            self.data_format,
            **self.normalization_settings,
            name="condition",
        )
        self.condition.build(input_shape)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the activation; `training` is passed to the batch normalization."""
        x = self.to_compute_dtype(inputs)
        return functional.frelu(x, self.condition(x, training=training))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "kernel_size": self.kernel_size}
