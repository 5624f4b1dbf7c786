"""Builds an activation inside another layer, its host, together with that layer.

`Dense(8, activation=PReLU())` has an activation with weights. Keras builds a layer
inside another one only if the outer layer's `build` does so, and none of Keras's layers
builds its activation: the weights would be created by the first call on data, and until
then be missing from `save_weights`, `set_weights`, `count_params` and optimizers.

Keras has no public hook for this. So importing `keras_acts` changes one method of
Keras: `Layer._post_build`, which Keras calls at the end of each build, first builds the
activations of the layer. `tests/activations/test_hosts.py` fails clearly if a new Keras
no longer calls it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts.layers._base import ActivationLayer, Shape

ATTRIBUTES = ("activation", "recurrent_activation")
"""The attributes of Keras's layers that hold an activation, which keeps the shape."""


def build_activations_of_hosts() -> None:
    """Make Keras build activations together with their hosts, if it doesn't yet."""
    original = keras.layers.Layer._post_build
    if getattr(original, "builds_activations", False):
        return

    @functools.wraps(original)
    def _post_build(self: Any) -> None:
        if not isinstance(self, ActivationLayer):
            with keras.name_scope(self.name, caller=self):  # `host/activation/weight`
                _build_activations(self)
        original(self)

    _post_build.builds_activations = True  # type: ignore[attr-defined]
    keras.layers.Layer._post_build = _post_build


def _build_activations(host: Any) -> None:
    if not _waiting(host):
        return
    shapes = getattr(host, "_build_shapes_dict", None)
    if not shapes:
        if isinstance(host, keras.layers.Activation):
            _build_with_first_call(host)
        return
    if _has_keras_call(host):
        held = [getattr(host, name, None) for name in ATTRIBUTES]
        for layer in _waiting(host):
            if any(layer is one for one in held):
                layer.build(_shape_at_activation(host, shapes))
    else:
        _build_by_symbolic_call(host, shapes)
    for layer in _waiting(host):
        layer.note_host(host)


def _waiting(host: Any) -> list[ActivationLayer]:
    """Return the activations directly inside a layer whose weights don't exist yet."""
    return [
        layer
        for layer in host._layers
        if isinstance(layer, ActivationLayer) and layer.awaits_weights
    ]


def _has_keras_call(host: Any) -> bool:
    """Whether a layer's `call` is Keras's own, which applies the activation last."""
    module: str = inspect.unwrap(type(host).call).__module__
    return module.startswith("keras.src.")


def _shape_at_activation(host: Any, shapes: Mapping[str, Shape]) -> Shape:
    """Return the shape of the input of a Keras layer's activation."""
    if hasattr(host, "units") and hasattr(host, "state_size"):  # a cell of an RNN
        return (None, host.units)
    shape = host.compute_output_shape(*shapes.values())
    # The cell of a ConvLSTM returns its output and then its states.
    return tuple(shape[0] if isinstance(shape[0], tuple) else shape)


def _build_by_symbolic_call(host: Any, shapes: Mapping[str, Shape]) -> None:
    """Build the activations of a custom layer by a symbolic call of the layer.

    Keras replaces unknown sizes by numbers in it, so only the batch may be unknown.
    """
    shape = next(iter(shapes.values())) if len(shapes) == 1 else None
    if shape and all(isinstance(size, int) for size in shape[1:]):
        host._build_by_run_for_single_pos_arg(shape)


def _build_with_first_call(host: keras.layers.Activation) -> None:
    """Make an `Activation`, which Keras considers built, be built by its first call."""
    build: Callable[[Shape], None] = host.build

    def build_activation(input_shape: Shape) -> None:
        for layer in _waiting(host):
            layer.build(input_shape)
        build(input_shape)

    host.build = build_activation
    host.built = False
