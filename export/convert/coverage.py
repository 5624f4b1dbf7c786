"""Which operations and layers of Keras can be exported, derived from the registry.

`docs/coverage.md` is generated from it. The state of an operation follows from its
source: a public function of `keras.ops` instantiates `Operation` classes, whose
converters are registered, or is composed of other functions.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras

from keras_acts.export.convert import layers, ops  # noqa: F401  they fill the registry
from keras_acts.export.convert.registry import find_operation, registered_layers
from keras_acts.export.convert.unsupported import UNSUPPORTED, UNSUPPORTED_LAYERS
from keras_acts.export.trace.handlers.registry import find_handler
from keras_acts.export.trace.kinds import class_kind

CONVERTER = "converter"
COMPOSED = "composed"
TRACED = "traced"
ISLAND = "island"
IMPOSSIBLE = "not in ONNX"
MISSING = "missing"

_JAX = "where Keras's backend is JAX"

ISLAND_LAYERS = {
    "FlaxLayer": _JAX,
    "JaxLayer": _JAX,
    "TFSMLayer": "where Keras's backend is TensorFlow",
    "TorchModuleWrapper": "where Keras's backend is torch",
}
"""The layers that call a backend, by class name, with where they export."""

STATES = {
    CONVERTER: "has a converter",
    COMPOSED: "made of other operations, or a constant or Python value",
    TRACED: "a layer whose `call` is made of `keras.ops`, and is exported through them",
    ISLAND: "a layer that calls the backend, whose own exporter converts it, see "
    "[islands](export.md#islands)",
    IMPOSSIBLE: "ONNX can't say it; the row says what is missing",
}
"""What each state means."""


@dataclass(frozen=True)
class Row:
    """One operation or layer.

    Attributes:
        name: Its public name.
        state: One of `STATES`, or `MISSING`.
        reason: What ONNX lacks, for one that can't be exported; where an island can.
    """

    name: str
    state: str
    reason: str = ""


def operations() -> list[Row]:
    """Return the public functions of `keras.ops` and `keras.ops.image`, by name."""
    spaces = (("", keras.ops), ("image.", keras.ops.image))
    rows = [
        _operation(prefix + name, function)
        for prefix, space in spaces
        for name, function in _public(space, inspect.isfunction)
    ]
    return sorted(rows, key=lambda row: row.name)


def layer_rows() -> list[Row]:
    """Return the layers of `keras.layers` by name, without aliases."""
    rows = [_layer(name, cls) for name, cls in _public(keras.layers, _is_layer)]
    return sorted(rows, key=lambda row: row.name)


def _public(
    space: ModuleType, wanted: Callable[[Any], bool]
) -> Iterator[tuple[str, Any]]:
    visited: set[Any] = set()
    members = inspect.getmembers(space, wanted)
    # A class's own name comes before its aliases.
    for name, member in sorted(members, key=lambda m: (m[0] != m[1].__name__, m[0])):
        if not name.startswith("_") and member not in visited:
            visited.add(member)
            yield name, member


def _is_layer(x: Any) -> bool:
    return inspect.isclass(x) and issubclass(x, keras.layers.Layer)


def _operation(name: str, function: Any) -> Row:
    kinds = operation_kinds(function)
    for kind in kinds:
        if kind in UNSUPPORTED:
            return Row(name, IMPOSSIBLE, UNSUPPORTED[kind])
        if find_operation(kind) is None:
            return Row(name, MISSING if find_handler(kind) is None else COMPOSED)
    return Row(name, CONVERTER if kinds else COMPOSED)


def operation_kinds(function: Any) -> list[str]:
    """Return the kinds of the operations that a function of `keras.ops` uses."""
    module = inspect.getmodule(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    classes = [getattr(module, name, None) for name in sorted(called)]
    return [
        class_kind(cls)
        for cls in classes
        if inspect.isclass(cls) and issubclass(cls, keras.Operation)
    ]


def _layer(name: str, cls: type) -> Row:
    if name in ISLAND_LAYERS:
        return Row(name, ISLAND, ISLAND_LAYERS[name])
    if name in UNSUPPORTED_LAYERS:
        return Row(name, IMPOSSIBLE, UNSUPPORTED_LAYERS[name])
    return Row(name, CONVERTER if cls in registered_layers() else TRACED)
