"""The numbers that a model's first layers expect: images of bytes, known statistics.

A network that divides its images by 255 hardly reacts to numbers around 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.export.parity.inner.layer_graph import LayerGraph, NoGraphError
from keras_acts.export.parity.inputs.generator import Draw
from keras_acts.export.parity.reference.keras_calls import to_numpy
from keras_acts.export.trace import Signature

_BYTES = 255.0


def _of_rescaling(layer: Any) -> Draw | None:
    """Draw images of 0 to 255, if the layer brings those to ±1."""
    scale = float(np.max(np.abs(layer.scale)))
    if not 0.5 / _BYTES < scale < 4 / _BYTES:
        return None
    return lambda rng, shape: rng.uniform(0.0, _BYTES, shape)


def _of_normalization(layer: Any) -> Draw | None:
    """Draw numbers of the mean and variance that the layer takes away."""
    mean, variance = (to_numpy(x) for x in (layer.mean, layer.variance))
    if layer.invert or not (np.isfinite(mean).all() and np.isfinite(variance).all()):
        return None
    spread = np.sqrt(np.maximum(variance, 0))
    return lambda rng, shape: mean + spread * rng.standard_normal(shape)


_LAYERS: Mapping[type[Any], Callable[[Any], Draw | None]] = {
    keras.layers.Rescaling: _of_rescaling,
    keras.layers.Normalization: _of_normalization,
}


def expected_ranges(model: Any, signature: Signature) -> dict[str, Draw]:
    """Return what draws the numbers that a model expects, by the input's name.

    Only inputs that a layer with a known range reads are among them.
    """
    try:
        graph = LayerGraph.of(model)
    except NoGraphError:
        return {}
    found: dict[str, Draw] = {}
    slots = list(graph.inputs.values())
    for step in graph.steps:
        make = _LAYERS.get(type(step.operation))
        read = [i for i, slot in enumerate(slots) if slot in step.inputs]
        if make is None or not read:
            continue
        draw = make(step.operation)
        if draw is not None:
            found.setdefault(signature.inputs[read[0]].name, draw)
    return found
