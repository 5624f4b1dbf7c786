"""Ways in which an exporter goes wrong, done to a right file.

Each takes the file and a generator of random numbers, changes the file in one place and
returns the node that is wrong now, or None where the file has no place of that kind.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import numpy_helper

Rng = np.random.Generator
Damage = Callable[[onnx.ModelProto, Rng], str | None]

KINDS: dict[str, Damage] = {}


def kind(name: str) -> Callable[[Damage], Damage]:
    """Register a kind of damage."""

    def register(function: Damage) -> Damage:
        KINDS[name] = function
        return function

    return register


def before(name: str) -> str:
    """Return the new name of a value behind which nodes were put in under its own."""
    return f"{name}/before"


def consumer(proto: onnx.ModelProto, name: str) -> str | None:
    """Return the node that reads a value, by the name of its output."""
    found = [n.output[0] for n in proto.graph.node if name in n.input]
    return found[0] if found else None


def weights(
    proto: onnx.ModelProto, fits: Callable[[np.ndarray], bool]
) -> list[onnx.TensorProto]:
    """Return the floating weights that a node reads and that fit."""
    return [
        x
        for x in proto.graph.initializer
        if x.data_type == onnx.TensorProto.FLOAT
        and consumer(proto, x.name)
        and fits(numpy_helper.to_array(x))
    ]


def change_weight(
    proto: onnx.ModelProto,
    rng: Rng,
    fits: Callable[[np.ndarray], bool],
    change: Callable[[np.ndarray], np.ndarray],
) -> str | None:
    """Change one of the weights that fit."""
    found = weights(proto, fits)
    if not found:
        return None
    tensor = found[rng.integers(len(found))]
    array = np.ascontiguousarray(change(numpy_helper.to_array(tensor).copy()))
    tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float32), tensor.name))
    return consumer(proto, tensor.name)
