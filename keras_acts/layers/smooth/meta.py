"""An ACON whose smoothness a small network computes from the input."""

from typing import Any

from keras import constraints, initializers, regularizers

from keras_acts import _checks, functional
from keras_acts.layers._adaptive import NormalizingActivationLayer
from keras_acts.layers._base import Shape, register


@register
class MetaACON(NormalizingActivationLayer):
    """MetaACON: `d * sigmoid(beta * d) + p2 * x` with `d = (p1 - p2) * x`.

    p1 and p2 are learned, one value a channel; beta is computed from the input, one
    value a sample and channel: `beta = sigmoid(BN(FC(BN(FC(m)))))` with m the global
    means of the channels. FC are dense layers, without the biases that BN, batch
    normalization, would cancel. Masked steps count in the means.

    Args:
        reduction: The first dense layer has `channels // reduction` units, at least as
            many as this number. Default 16.
        p1_initializer: Initializer of p1. None (default) is the standard normal.
        p1_regularizer: Regularizer of p1.
        p1_constraint: Constraint of p1.
        p2_initializer: Initializer of p2. None (default) is the standard normal.
        p2_regularizer: Regularizer of p2.
        p2_constraint: Constraint of p2.
        kernel_initializer: Initializer of both dense layers. None (default) is uniform
            with the variance `1 / (3 * inputs)`.
        kernel_regularizer: Regularizer of both dense layers.
        kernel_constraint: Constraint of both dense layers.
        momentum: Momentum of both batch normalizations, from 0 to 1. Default 0.9.
        epsilon: Added to the variances there, above 0. Default 1e-5.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.

    Input shape:
        Rank 2 to 5, with a known number of channels.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → NaN; NaN → NaN. One ±inf or NaN makes the betas of its sample NaN,
        and so all of it.

    Gradient:
        As that of `ACONC`, and through beta. Smooth.

    Example:
        >>> y = layers.MetaACON()(np.zeros((2, 8, 3)))
        >>> tuple(y.shape)
        (2, 8, 3)

    Reference:
        Ma, Zhang, Liu, Sun, 2020, "Activate or Not: Learning Customized Activation",
        arXiv:2009.04759; as in the authors' code.
    """

    def __init__(
        self,
        reduction: int = 16,
        p1_initializer: Any = None,
        p1_regularizer: Any = None,
        p1_constraint: Any = None,
        p2_initializer: Any = None,
        p2_regularizer: Any = None,
        p2_constraint: Any = None,
        kernel_initializer: Any = None,
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kernel_initializer is None:
            kernel_initializer = initializers.VarianceScaling(
                1 / 3, "fan_in", "uniform"
            )
        super().__init__(
            momentum=momentum,
            epsilon=epsilon,
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
            data_format=data_format,
            **kwargs,
        )
        _checks.positive_integer("reduction", reduction)
        self.reduction = int(reduction)
        self._slopes = {
            "p1": _settings(p1_initializer, p1_regularizer, p1_constraint),
            "p2": _settings(p2_initializer, p2_regularizer, p2_constraint),
        }

    def build(self, input_shape: Shape) -> None:
        """Create the slopes, and the two dense layers with their normalizations.

        Raises:
            ValueError: The rank is not 2 to 5, or the number of channels is unknown.
        """
        channels = self.require_channels(input_shape)
        rank = len(input_shape)
        axis = self.channel_axis(rank)
        shape = tuple(channels if a == axis else 1 for a in range(1, rank))
        for name, settings in self._slopes.items():
            setattr(self, name, self.add_weight(name=name, shape=shape, **settings))
        units = max(self.reduction, channels // self.reduction)
        self.squeeze = self.dense("squeeze", channels, units)
        self.excite = self.dense("excite", units, channels)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the activation; `training` is passed to the batch normalizations."""
        x = self.to_compute_dtype(inputs)
        squeezed = self.squeeze(self.global_mean(x), training=training)
        beta = functional.sigmoid(self.excite(squeezed, training=training))
        beta = self.spread(beta, len(x.shape))
        return functional.acon_c(x, self.p1, self.p2, beta)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        config = {**super().get_config(), "reduction": self.reduction}
        for name, settings in self._slopes.items():
            for key, module in (
                ("initializer", initializers),
                ("regularizer", regularizers),
                ("constraint", constraints),
            ):
                config[f"{name}_{key}"] = module.serialize(settings[key])
        return config


def _settings(initializer: Any, regularizer: Any, constraint: Any) -> dict[str, Any]:
    """Return the settings of a slope, for `add_weight`."""
    if initializer is None:
        initializer = initializers.RandomNormal(stddev=1.0)
    return {
        "initializer": initializers.get(initializer),
        "regularizer": regularizers.get(regularizer),
        "constraint": constraints.get(constraint),
    }
