"""Weights of an activation inside another layer, made when that layer makes its own.

`Dense(8, activation=PReLU())` has an activation with weights. Keras builds a layer
inside another one only where the outer layer's `build` says so, and no layer of Keras
builds its activation: the weights would come with the first call on data, and until
then be missing from `save_weights`, `set_weights`, `count_params` and optimizers.

Keras has no public hook for this. So importing `keras_acts` changes one method of it:
`Layer._post_build`, which Keras calls at the end of each build, first builds the
activations that the layer holds. `tests/activations/test_hosts.py` fails clearly where
a new Keras no longer calls it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts.layers._base import ActivationLayer, Shape

ATTRIBUTES = ("activation", "recurrent_activation")
"""Attributes by which layers of Keras hold an activation, which keeps the shape."""


def build_activations_of_hosts() -> None:
    """Let Keras build activations together with the layers that hold them, once."""
    original = keras.layers.Layer._post_build
    if getattr(original, "builds_activations", False):
        return

    @functools.wraps(original)
    def _post_build(self: Any) -> None:
        if not isinstance(self, ActivationLayer):
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
    if _calls_as_keras(host):
        held = [getattr(host, name, None) for name in ATTRIBUTES]
        for layer in _waiting(host):
            if any(layer is one for one in held):
                layer.build(_shape_at_activation(host, shapes))
    else:
        _build_by_symbolic_call(host, shapes)
    for layer in _waiting(host):
        layer.note_host(host)


def _waiting(host: Any) -> list[ActivationLayer]:
    """Return the activations directly inside a layer that have no weights yet."""
    return [
        layer
        for layer in host._layers
        if isinstance(layer, ActivationLayer) and layer.awaits_weights
    ]


def _calls_as_keras(host: Any) -> bool:
    """Whether a layer computes as one of Keras's own, which apply activations last."""
    module: str = inspect.unwrap(type(host).call).__module__
    return module.startswith("keras.src.")


def _shape_at_activation(host: Any, shapes: Mapping[str, Shape]) -> Shape:
    """Return the shape of what a layer of Keras gives to its activation."""
    if hasattr(host, "units") and hasattr(host, "state_size"):  # a cell of an RNN
        return (None, host.units)
    shape = host.compute_output_shape(*shapes.values())
    # The cell of a ConvLSTM returns its states behind its output.
    return tuple(shape[0] if isinstance(shape[0], tuple) else shape)


def _build_by_symbolic_call(host: Any, shapes: Mapping[str, Shape]) -> None:
    """Build what a layer that is not Keras's calls, by a call on symbols.

    Keras puts numbers in the place of unknown sizes then, so only the batch may be
    unknown.
    """
    only = next(iter(shapes.values())) if len(shapes) == 1 else None
    if only and all(isinstance(size, int) for size in only[1:]):
        host._build_by_run_for_single_pos_arg(only)


def _build_with_first_call(host: keras.layers.Activation) -> None:
    """Let a layer that Keras takes for built at once be built with its first call."""
    build: Callable[[Shape], None] = host.build

    def build_activation(input_shape: Shape) -> None:
        for layer in _waiting(host):
            layer.build(input_shape)
        build(input_shape)

    host.build = build_activation
    host.built = False
