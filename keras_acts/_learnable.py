"""Base classes of the layers whose weights share one shape, each or on request."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import keras
import numpy as np
from keras import constraints, initializers, ops, regularizers

from keras_acts import _checks
from keras_acts.layers._arguments import elements, normalized, plain
from keras_acts.layers._base import ActivationLayer, Shape


class LearnableActivationLayer(ActivationLayer):
    """A layer that applies one activation function with learned arguments.

    A subclass calls `declare_weight` for each weight, by the name of the function's
    argument that takes it. All weights of a layer have one shape, which broadcasts
    against the input. `sharing` says which elements share one value:

    - `"channel"`: one value a channel; the channel axis is the last one, or axis 1
      with `data_format="channels_first"`;
    - `"all"`: one value for everything, created at once, before any input is known;
    - `"none"`: one value an element, so all sizes but the batch's must be known.

    `shared_axes` in place of `sharing` names the axes along which values are shared,
    counted with the batch as axis 0; negative axes count from the end.

    `channels` is the number of channels, where each has a value of its own: with it the
    weights, of the shape `(channels,)`, are created at once too.
    """

    SHARING = ("channel", "all", "none")
    has_weights = True

    def __init__(
        self,
        *,
        sharing: str = "channel",
        shared_axes: int | Sequence[int] | None = None,
        data_format: str | None = None,
        channels: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.one_of(*self.SHARING)("sharing", sharing)
        _checks.optional(_checks.positive_integer)("channels", channels)
        if channels is not None and (sharing != "channel" or shared_axes is not None):
            raise ValueError(
                '`channels` needs `sharing="channel"` and no `shared_axes`. Received: '
                f"channels={channels}, sharing={sharing!r}, shared_axes={shared_axes}"
            )
        _checks.optional(_checks.axes)("shared_axes", shared_axes)
        formats = _checks.one_of("channels_last", "channels_first")
        _checks.optional(formats)("data_format", data_format)
        axes: Any = [shared_axes] if isinstance(shared_axes, Integral) else shared_axes
        self.sharing = sharing
        self.channels = None if channels is None else int(channels)
        self.shared_axes = None if axes is None else tuple(int(axis) for axis in axes)
        self.data_format = data_format or keras.config.image_data_format()
        self._declared: dict[str, dict[str, Any]] = {}

    def declare_weight(
        self, name: str, initializer: Any, regularizer: Any, constraint: Any
    ) -> None:
        """Declare a weight named like the function's argument that takes it.

        A weight whose shape does not depend on the input is created at once.
        """
        settings = {
            "initializer": initializers.get(initializer),
            "regularizer": regularizers.get(regularizer),
            "constraint": constraints.get(constraint),
        }
        for key, value in settings.items():
            setattr(self, f"{name}_{key}", value)
        self._declared[name] = settings
        setattr(self, name, None)
        if self._needs_no_input:
            self._create_weight(name, ())
        elif self.channels is not None:
            self._create_weight(name, (self.channels,))

    @property
    def _needs_no_input(self) -> bool:
        return self.sharing == "all" and self.shared_axes is None

    def _create_weight(self, name: str, shape: Shape) -> None:
        weight = self.add_weight(name=name, shape=shape, **self._declared[name])
        setattr(self, name, weight)

    def weight_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of each weight for an input: 1 along shared axes.

        Raises:
            ValueError: A size is unknown along an axis that is not shared, or an axis
                lies outside the input.
        """
        if self._needs_no_input:
            return ()
        rank = len(input_shape)
        if self.channels is not None:
            size = input_shape[self.channel_axis(rank)]
            if size not in (None, self.channels):
                raise ValueError(
                    f"{type(self).__name__} '{self.name}' needs an input of as many "
                    f"channels as it has weights. Received: channels={self.channels}, "
                    f"input_shape={tuple(input_shape)}"
                )
            return (self.channels,)
        shared = self._shared_axes(rank)
        shape = [1 if a in shared else input_shape[a] for a in range(1, rank)]
        if None in shape:
            raise ValueError(
                f"{type(self).__name__} '{self.name}' needs the size of each axis that "
                "does not share its values. Give the size, or share the axis by "
                "`sharing` or `shared_axes`. "
                f"Received: input_shape={tuple(input_shape)}, sharing={self.sharing!r},"
                f" shared_axes={self.shared_axes}"
            )
        return tuple(shape)

    def _shared_axes(self, rank: int) -> set[int]:
        if self.shared_axes is not None:
            axes = {axis + rank if axis < 0 else axis for axis in self.shared_axes}
            if not all(1 <= axis < rank for axis in axes):
                raise ValueError(
                    "`shared_axes` must name axes of the input other than the batch, "
                    f"from 1 to {rank - 1} or from {1 - rank} to -1. "
                    f"Received: shared_axes={self.shared_axes}"
                )
            return axes
        if self.sharing == "none":
            return set()
        return set(range(1, rank)) - {self.channel_axis(rank)}

    def channel_axis(self, rank: int) -> int:
        """Return the axis of the channels in an input of a rank."""
        return 1 if self.data_format == "channels_first" else rank - 1

    def build(self, input_shape: Shape) -> None:
        """Create the weights that the input's shape determines."""
        shape = self.weight_shape(input_shape) if self._declared else ()
        for name in self._declared:
            if getattr(self, name) is None:
                self._create_weight(name, shape)
        if self.channels is not None:
            axis = self.channel_axis(len(input_shape))
            at = 1 if axis == 1 and len(input_shape) > 2 else -1
            spec = keras.layers.InputSpec(min_ndim=2, axes={at: self.channels})
            self.input_spec = spec
        elif self._declared and shape:
            sizes = {axis: size for axis, size in enumerate(shape, 1) if size != 1}
            self.input_spec = keras.layers.InputSpec(ndim=len(input_shape), axes=sizes)
        self.built = True

    @property
    def learned(self) -> dict[str, Any]:
        """The weights by name."""
        return {name: getattr(self, name) for name in self._declared}

    def call(self, inputs: Any) -> Any:
        """Apply the activation to a tensor of any rank."""
        x = self.to_compute_dtype(inputs)
        rank = len(x.shape)
        weights = {name: self.aligned(w, rank) for name, w in self.learned.items()}
        return type(self).function(x, **self.arguments, **weights)

    def aligned(self, weight: Any, rank: int) -> Any:
        """Return a weight of `(channels,)` in a shape that fits the channel axis."""
        after = rank - 1 - self.channel_axis(rank)
        if self.channels is None or not after:
            return weight
        return ops.reshape(weight, (self.channels, *(1,) * after))

    @property
    def awaits_weights(self) -> bool:
        """Whether a weight does not exist yet."""
        return any(weight is None for weight in self.learned.values())

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        config = super().get_config()
        config["sharing"] = self.sharing
        if self.channels is not None:
            config["channels"] = self.channels
        axes = self.shared_axes
        config["shared_axes"] = None if axes is None else list(axes)
        config["data_format"] = self.data_format
        serializers = {
            "initializer": initializers.serialize,
            "regularizer": regularizers.serialize,
            "constraint": constraints.serialize,
        }
        for name, settings in self._declared.items():
            for key, value in settings.items():
                config[f"{name}_{key}"] = serializers[key](value)
        return config


class TunableActivationLayer(LearnableActivationLayer):
    """A layer with one parameter that is a number, or learned on request.

    A subclass calls `configure_or_learn` with the parameter.
    """

    def configure_or_learn(
        self,
        name: str,
        value: Any,
        *,
        learnable: bool,
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        """Keep the number as an argument, or declare a weight with it as initial value.

        Args:
            name: The parameter.
            value: A number, or an array that broadcasts against the input.
            learnable: Whether it is a weight.
            initializer: Initializer of the weight in place of `value`.
            regularizer: Regularizer of the weight.
            constraint: Constraint of the weight.

        Raises:
            ValueError: An argument is invalid, or one that is for a weight is given
                although the parameter is not learned.
        """
        _checks.boolean("learnable", learnable)
        self.learnable = learnable
        value = self._validated(name, value)
        self.tunable = {name: value}
        if learnable:
            start = initializers.Constant(value) if initializer is None else initializer
            self.declare_weight(name, start, regularizer, constraint)
            self._has_own_initializer = initializer is not None
            return
        self.configure(**self.tunable)
        if self.channels is not None:
            raise ValueError(
                "`channels` needs `learnable=True`. Received: "
                f"channels={self.channels}, learnable={learnable!r}"
            )
        for key, given in (
            ("initializer", initializer),
            ("regularizer", regularizer),
            ("constraint", constraint),
        ):
            if given is not None:
                raise ValueError(
                    f"`{name}_{key}` needs `learnable=True`. Received: "
                    f"{name}_{key}={given!r}, learnable={learnable!r}"
                )

    def _validated(self, name: str, value: Any) -> Any:
        """Return a number, or an array of numbers that are valid each."""
        if isinstance(value, list | tuple):
            value = np.asarray(value, dtype="float64")
        value = normalized(value)
        for one in elements(value):
            type(self).function.check(**{name: one})
        return value

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        config = super().get_config()
        for name in self.tunable:
            if not (self.learnable and self._has_own_initializer):
                config[f"{name}_initializer"] = None
            for key in ("regularizer", "constraint"):
                config.setdefault(f"{name}_{key}", None)
        return {**config, **plain(self.tunable), "learnable": self.learnable}
