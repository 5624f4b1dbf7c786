"""Names of layers that are the same in every process.

Keras numbers unnamed layers by how many the process has created before. In a Functional
or Sequential model, the numbers are part of its configuration; layers that other layers
create are numbered here, within the layer that calls them, in the order of the calls.
"""

from __future__ import annotations

import re
from typing import Any

import keras

from keras_acts.export.identity import IdentityKey
from keras_acts.export.names import UniqueNames
from keras_acts.export.trace.keras_patches import reads

Path = tuple[str, ...]


class LayerNames:
    """The paths of a model's layers, and the names of weights derived from them.

    Attributes:
        weights: A name for each variable of the layers visited.
    """

    def __init__(self) -> None:
        self.weights: dict[IdentityKey, str] = {}
        self._names: dict[IdentityKey, str] = {}
        self._inner: dict[IdentityKey, UniqueNames] = {}
        self._configured: set[IdentityKey] = set()

    def path(self, layer: Any, callers: list[Any], *, is_leaf: bool) -> Path:
        """Return the names of the layers that call a layer, then its own."""
        parents = [self._names[IdentityKey(caller)] for caller in callers]
        path = (*parents, self._name(layer, callers[-1] if callers else None))
        self._name_weights(layer, path[1:], is_leaf=is_leaf)
        return path

    def _name(self, layer: Any, caller: Any) -> str:
        key, caller_key = IdentityKey(layer), IdentityKey(caller)
        if key not in self._names:
            name = layer.name
            if caller is None or caller_key in self._configured:
                if isinstance(layer, keras.Sequential) or reads.is_functional(layer):
                    self._configured.add(key)
            else:
                names = self._inner.setdefault(caller_key, UniqueNames())
                name = names.unique(_base_name(layer))
            self._names[key] = name
        return self._names[key]

    def _name_weights(self, layer: Any, path: Path, *, is_leaf: bool) -> None:
        for variable in reads.own_variables(layer):
            name = "/".join((*path, variable.name))
            self.weights.setdefault(IdentityKey(variable), name)
        if is_leaf:
            for inner in reads.inner_layers(layer):
                name = self._name(inner, layer)
                self._name_weights(inner, (*path, name), is_leaf=True)


def _base_name(layer: Any) -> str:
    """Return a layer's name without the number that Keras appended."""
    automatic = reads.automatic_name(type(layer))
    return re.sub(rf"^({re.escape(automatic)})_\d+$", r"\1", layer.name)
