"""The weights of a Keras 2 file, layer by layer into the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.export.keras2 import file

# Of .h5 files: each layer has a list of arrays, those of a nested model in one list.


def load_hdf5(model: keras.Model, path: Path) -> None:
    """Fill a model from an `.h5` file, each layer by its name.

    Raises:
        ValueError: The file has other weights than the model.
    """
    for saved in file.saved_layers(path):
        layer = model.get_layer(saved.name)
        if isinstance(layer, keras.Model):
            _fill_nested(layer, saved.weights)
        else:
            _fill(layer, [array for _, array in saved.weights])


def _fill_nested(model: keras.Model, weights: Sequence[tuple[str, np.ndarray]]) -> None:
    """Fill the layers of a nested model; a weight's name begins with its layer's."""
    for layer in _leaves(model):
        own = [w for name, w in weights if layer.name in name.split("/")[:-1]]
        if own:
            _fill(layer, own)


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model, those of nested models in place of the models."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _fill(layer: keras.layers.Layer, arrays: Sequence[np.ndarray]) -> None:
    if isinstance(layer, keras.layers.Normalization):
        layer.load_own_variables({str(i): array for i, array in enumerate(arrays)})
        return
    own = [*layer.trainable_variables, *layer.non_trainable_variables]
    variables = [v for v in own if "seed_generator" not in v.path]
    shapes = [tuple(v.shape) for v in variables]
    if shapes != [array.shape for array in arrays]:
        raise ValueError(
            f"The layer {layer.name!r} must have the weights that the file has. "
            f"Received: shapes {[array.shape for array in arrays]}, expected {shapes}"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


# Of .keras files: each object has a group, those of its parts by their attributes.


def load_archive(model: keras.Model, described: Mapping[str, Any], path: Path) -> None:
    """Fill a model from a `.keras` file.

    Args:
        model: The model.
        described: Its configuration, whose order of layers is the file's.
        path: The file.
    """
    with file.archived_weights(path) as weights:
        _fill_layers(model, described["config"]["layers"], weights["layers"])


def _fill_layers(model: keras.Model, layers: Sequence[Any], group: Any) -> None:
    for described, name in zip(layers, _file_names(layers), strict=True):
        if name in group and _has_arrays(group[name]):
            layer = model.get_layer(described["config"]["name"])
            _fill_object(layer, described, group[name])


def _file_names(layers: Sequence[Any]) -> Iterator[str]:
    """Yield the name under which Keras 2 files each layer: its class, counted."""
    seen: Counter[str] = Counter()
    for described in layers:
        key = _snake_case(described["class_name"].rpartition(">")[2])
        yield f"{key}_{seen[key]}" if seen[key] else key
        seen[key] += 1


def _fill_object(owner: Any, described: Mapping[str, Any] | None, group: Any) -> None:
    """Fill an object from a group: its own variables, then its parts."""
    for name, part in group.items():
        if name == "vars":
            if len(part):
                owner.load_own_variables(part)
        elif name == "layers" and described is not None:
            _fill_layers(owner, described["config"]["layers"], part)
        elif not _has_arrays(part):
            continue
        elif name == "cells":
            kinds = [{"class_name": type(cell).__name__} for cell in owner.cells]
            for cell, key in zip(owner.cells, _file_names(kinds), strict=True):
                _fill_object(cell, None, part[key])
        elif (attribute := _attribute(owner, name)) is not None:
            _fill_object(attribute, None, part)
        else:
            raise ValueError(
                f"The layer {owner.name!r} must have the parts that the file has. "
                f"Received: {name!r}"
            )


def _attribute(owner: Any, name: str) -> Any:
    """Return the part of an object that has a name, or one that Keras 3 gave it."""
    names = (name, f"_{name}", name.removeprefix("_"))
    return next((getattr(owner, n) for n in names if hasattr(owner, n)), None)


def _has_arrays(group: Any) -> bool:
    return any(hasattr(i, "shape") or _has_arrays(i) for i in group.values())


def _snake_case(name: str) -> str:
    """Return the name under which Keras 2 files a class, such as `conv2d`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
