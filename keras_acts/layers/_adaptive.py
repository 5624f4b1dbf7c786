"""The base class of activations bent by what a small network makes of the input."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import constraints, initializers, ops, regularizers

from keras_acts import _checks
from keras_acts.functional import _numerics
from keras_acts.layers._base import ActivationLayer, Shape
from keras_acts.layers._normalized import NormalizedDense


class AdaptiveActivationLayer(ActivationLayer):
    """An activation with a network inside, whose kernels have the same settings.

    Args:
        kernel_initializer: Initializer of each kernel.
        kernel_regularizer: Regularizer of each kernel.
        kernel_constraint: Constraint of each kernel.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. None is Keras's image data format.
    """

    has_weights = True
    ranks: ClassVar[tuple[int, int]] = (2, 5)
    """The lowest and the highest rank of the input."""

    def __init__(
        self,
        kernel_initializer: Any,
        kernel_regularizer: Any,
        kernel_constraint: Any,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        formats = _checks.one_of("channels_last", "channels_first")
        _checks.optional(formats)("data_format", data_format)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.data_format = data_format or keras.config.image_data_format()

    def require_channels(self, input_shape: Shape) -> int:
        """Return the number of channels, which later inputs must have too.

        Raises:
            ValueError: The rank does not fit, or the number of channels is unknown.
        """
        rank, (low, high) = len(input_shape), self.ranks
        if not low <= rank <= high:
            raise ValueError(
                f"{type(self).__name__} needs an input of rank {low} to {high}. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        axis = self.channel_axis(rank)
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(
                f"{type(self).__name__} needs a known number of channels, the size of "
                f"axis {axis}. Received: input_shape={tuple(input_shape)}, "
                f"data_format={self.data_format!r}"
            )
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={axis: channels})
        return channels

    def channel_axis(self, rank: int) -> int:
        """Return the axis of the channels."""
        return 1 if self.data_format == "channels_first" else rank - 1

    def spatial_axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes other than those of the batch and the channels."""
        return tuple(a for a in range(1, rank) if a != self.channel_axis(rank))

    def global_mean(self, x: Any) -> Any:
        """Return the mean of each channel of each sample, `(batch, channels)`."""
        others = self.spatial_axes(len(x.shape))
        return _numerics.mean(x, others) if others else x

    def spread(self, y: Any, rank: int) -> Any:
        """Give what has the shape of a global mean the rank of the input."""
        others = self.spatial_axes(rank)
        return ops.expand_dims(y, axis=others) if others else y

    @property
    def kernel_settings(self) -> dict[str, Any]:
        """The settings of one kernel, for `add_weight`."""
        return {
            "initializer": self.kernel_initializer.clone(),
            "regularizer": self.kernel_regularizer,
            "constraint": self.kernel_constraint,
        }

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
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "data_format": self.data_format,
        }


class NormalizingActivationLayer(AdaptiveActivationLayer):
    """One whose network has batch normalizations.

    Args:
        momentum: Momentum of their moving statistics, from 0 to 1.
        epsilon: Added to the variances there, above 0.
        **kwargs: The arguments of `AdaptiveActivationLayer`.
    """

    def __init__(self, momentum: float, epsilon: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.between(0, 1)("momentum", momentum)
        _checks.positive("epsilon", epsilon)
        self.momentum = momentum
        self.epsilon = epsilon

    @property
    def normalization_settings(self) -> dict[str, Any]:
        """The arguments of a `NormalizedLayer`."""
        return {
            "kernel": self.kernel_settings,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "dtype": self.dtype_policy,
        }

    def dense(self, name: str, size: int, units: int) -> NormalizedDense:
        """Return a dense layer with its batch normalization, built.

        Without a name Keras would number it, and the paths of its weights with it.
        """
        layer = NormalizedDense(units, **self.normalization_settings, name=name)
        layer.build((None, size))
        return layer

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
