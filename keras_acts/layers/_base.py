"""The base class of the activation layers, and of those with weights of their own."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import constraints, initializers, ops, regularizers

from keras_acts.layers._arguments import normalized, plain

Shape = tuple[int | None, ...]

register = keras.saving.register_keras_serializable("keras_acts")
"""Class decorator of each layer: `.keras` files name the layer `keras_acts>Name`."""


class ActivationLayer(keras.layers.Layer):
    """A layer that applies one activation function.

    A subclass sets `function` and calls `configure` with the function's arguments;
    `call`, `get_config` and `compute_output_shape` follow from both. The result has the
    compute dtype of the layer's policy, and masks pass through.
    """

    function: ClassVar[Any]
    has_weights: ClassVar[bool] = False
    """Whether the layer has weights, always or on request."""
    resizes: ClassVar[str | None] = None
    """The argument that names the axis whose size the layer changes, or None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._argument_names: tuple[str, ...] = ()
        self._host_name: str | None = None

    def configure(self, **arguments: Any) -> None:
        """Check the function's arguments and keep them as attributes and in the config.

        Raises:
            ValueError: An argument is invalid.
        """
        arguments = {name: normalized(value) for name, value in arguments.items()}
        type(self).function.check(**arguments)
        self._argument_names += tuple(arguments)
        for name, value in arguments.items():
            setattr(self, name, value)

    @property
    def arguments(self) -> dict[str, Any]:
        """The function's arguments, as given to `configure`."""
        values = {name: getattr(self, name) for name in self._argument_names}
        # Keras wraps list attributes to track them; functions want plain ones.
        return {k: list(v) if isinstance(v, list) else v for k, v in values.items()}

    def call(self, inputs: Any) -> Any:
        """Apply the activation to a tensor of any rank."""
        return type(self).function(self.to_compute_dtype(inputs), **self.arguments)

    def to_compute_dtype(self, inputs: Any) -> Any:
        """Cast also integers and booleans, which Keras's autocast leaves alone."""
        return ops.cast(inputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        x = keras.KerasTensor(input_shape)
        return tuple(type(self).function.output_shape(x, **self.arguments))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the mask of the result: the input's, unless its axes change.

        Raises:
            ValueError: The layer changes the size of an axis that the mask has.
        """
        if previous_mask is None or self.resizes is None:
            return previous_mask
        axis = getattr(self, self.resizes)
        rank = len(inputs.shape)
        if axis % rank >= len(previous_mask.shape):
            return previous_mask
        raise ValueError(
            f"{type(self).__name__} '{self.name}' changes the size of axis {axis}, "
            "which the mask of its input has, so that the mask does not fit the "
            "result. Use another `axis`, or drop the mask before this layer. "
            f"Received: mask.shape={tuple(previous_mask.shape)}, "
            f"inputs.shape={tuple(inputs.shape)}, {self.resizes}={axis}"
        )

    @property
    def awaits_weights(self) -> bool:
        """Whether a weight does not exist yet."""
        return False

    def note_host(self, host: Any) -> None:
        """Remember the layer that was built around this one without its weights."""
        self._host_name = host.name

    def save_own_variables(self, store: Any) -> None:
        """Save the weights.

        Raises:
            ValueError: They do not exist, while the layer that holds this one has its
                own: they would be lost in silence.
        """
        if self.awaits_weights and self._host_name is not None:
            raise ValueError(self._missing_weights("saved"))
        super().save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Load the weights.

        Raises:
            ValueError: They do not exist yet, and the file has some.
        """
        if self.awaits_weights and store.keys():
            raise ValueError(self._missing_weights("loaded"))
        super().load_own_variables(store)

    def _missing_weights(self, what: str) -> str:
        inside = f" inside '{self._host_name}'" if self._host_name else ""
        return (
            f"{type(self).__name__} '{self.name}'{inside} can't be {what}: it has no "
            "weights yet. Call the model once on a batch, or build the activation by "
            "`activation.build(shape)`. "
            f"Received: a {type(self).__name__} that is not built"
        )

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), **plain(self.arguments)}


class ShapedActivationLayer(ActivationLayer):
    """A layer whose weights have shapes of their own, as told by `weight_shapes`.

    A subclass calls `declare_weights` with the names of the function's arguments that
    are learned, and the settings of each.
    """

    has_weights = True

    def weight_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the shape of each weight by name."""
        raise NotImplementedError

    def declare_weights(self, **settings: tuple[Any, Any, Any]) -> None:
        """Declare weights, each with its initializer, regularizer and constraint."""
        for name, (initializer, regularizer, constraint) in settings.items():
            setattr(self, f"{name}_initializer", initializers.get(initializer))
            setattr(self, f"{name}_regularizer", regularizers.get(regularizer))
            setattr(self, f"{name}_constraint", constraints.get(constraint))
            setattr(self, name, None)
        self._weight_names = tuple(settings)

    def build(self, input_shape: Shape) -> None:
        """Create the weights."""
        for name, shape in self.weight_shapes(input_shape).items():
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
            )
            setattr(self, name, weight)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Apply the activation to a tensor."""
        x = self.to_compute_dtype(inputs)
        return type(self).function(x, **self.learned, **self.arguments)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        return tuple(input_shape)

    @property
    def learned(self) -> dict[str, Any]:
        """The weights by name."""
        return {name: getattr(self, name) for name in self._weight_names}

    @property
    def awaits_weights(self) -> bool:
        """Whether a weight does not exist yet."""
        return any(weight is None for weight in self.learned.values())

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        config = super().get_config()
        for kind, module in (
            ("initializer", initializers),
            ("regularizer", regularizers),
            ("constraint", constraints),
        ):
            for name in self._weight_names:
                key = f"{name}_{kind}"
                config[key] = module.serialize(getattr(self, key))
        return config
