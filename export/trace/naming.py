"""Names of layers that are the same in every process.

Keras numbers the layers that were given no name by what the process made before. In a
Functional or Sequential model the numbers are part of its configuration; the layers
that other layers make for themselves are numbered here, within the layer that calls
them, in the order of the calls.
"""

from __future__ import annotations

import re
from typing import Any

import keras

from keras_acts.export.trace.keras_patches import private
from keras_acts.export.trace.signature import unique

Path = tuple[str, ...]


class LayerNames:
    """The paths of a model's layers, and the names that follow for their weights.

    Attributes:
        weights: A name for each variable met, by the variable's id.
    """

    def __init__(self) -> None:
        self.weights: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._taken: dict[int, list[str]] = {}
        self._settled: set[int] = set()

    def path(self, layer: Any, callers: list[Any], *, is_leaf: bool) -> Path:
        """Return a layer's name behind those of the layers that call it."""
        parents = [self._names[id(caller)] for caller in callers]
        path = (*parents, self._name(layer, callers[-1] if callers else None))
        self._name_weights(layer, path[1:], is_leaf=is_leaf)
        return path

    def _name(self, layer: Any, caller: Any) -> str:
        if id(layer) not in self._names:
            name = layer.name
            if caller is None or id(caller) in self._settled:
                if isinstance(layer, keras.Sequential) or private.is_functional(layer):
                    self._settled.add(id(layer))
            else:
                name = unique(_base_name(layer), self._taken.setdefault(id(caller), []))
                self._taken[id(caller)].append(name)
            self._names[id(layer)] = name
        return self._names[id(layer)]

    def _name_weights(self, layer: Any, path: Path, *, is_leaf: bool) -> None:
        for variable in private.own_variables(layer):
            name = "/".join((*path, variable.name))
            self.weights.setdefault(id(variable), name)
        if is_leaf:
            for inner in private.inner_layers(layer):
                name = self._name(inner, layer)
                self._name_weights(inner, (*path, name), is_leaf=True)


def _base_name(layer: Any) -> str:
    """Return a layer's name without the number that Keras gave it."""
    automatic = private.automatic_name(type(layer))
    return re.sub(rf"^({re.escape(automatic)})_\d+$", r"\1", layer.name)
