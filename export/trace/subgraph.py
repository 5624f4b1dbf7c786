"""Functions that operations run: branches, bodies of loops, steps of a recurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.trace.graph import Constant, Node, Value, Weight
from keras_acts.export.trace.structure import flatten
from keras_acts.export.trace.tensors import map_leaves


@dataclass(frozen=True, eq=False)
class Subgraph:
    """A traced function, which stands in a node in the place of the function.

    Its nodes may also use values of the graphs around it.

    Attributes:
        inputs: Its arguments, with `Value` for tensors.
        outputs: What it returns, with `Value`, `Weight` or `Constant` for tensors.
        nodes: Its operations, each after those it depends on.
    """

    inputs: tuple[Any, ...]
    outputs: Any
    nodes: list[Node]


def like(x: Any) -> KerasTensor:
    """Return the shape and dtype of a traced tensor, a variable or an array."""
    return KerasTensor(tuple(x.shape), keras.backend.standardize_dtype(x.dtype))


def spec_of(result: Value | Weight | Constant | None) -> KerasTensor | None:
    """Return the shape and dtype of what a function returns, None for None."""
    if result is None:
        return None
    if isinstance(result, Value):
        return KerasTensor(result.shape, result.dtype)
    if isinstance(result, Weight):
        return KerasTensor(result.variable.shape, result.dtype)
    return like(result.array)


def uses_outer(node: Node) -> bool:
    """Whether a node, or a function that it runs, uses a value made before or a weight.

    What uses neither gives the same in every call of the model.
    """
    return bool(_free([node]))


def _free(nodes: list[Node]) -> set[int]:
    """Return the ids of the weights, and of values from elsewhere, that nodes use."""
    used: set[int] = set()
    for node in nodes:
        used |= _mentioned((node.args, node.kwargs, list(node.statics.values())))
    return used - _made(nodes)


def _made(nodes: list[Node]) -> set[int]:
    return {id(x) for node in nodes for x in flatten(node.outputs)}


def _mentioned(structure: Any) -> set[int]:
    found: set[int] = set()

    def look(x: Any) -> None:
        if isinstance(x, Value | Weight):
            found.add(id(x))
        elif isinstance(x, Subgraph):
            inside = _free(x.nodes) | _mentioned(x.outputs)
            own = {id(one) for one in flatten(x.inputs)}
            found.update(inside - own - _made(x.nodes))

    map_leaves(look, structure)
    return found
