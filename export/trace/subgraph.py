"""Functions that operations call: branches, loop bodies, steps of a recurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.graph import Constant, Node, Value, Weight
from keras_acts.export.trace.structure import flatten
from keras_acts.export.trace.tensors import map_leaves


@dataclass(frozen=True, eq=False)
class Subgraph:
    """A traced function, which replaces the function among a node's arguments.

    Its nodes may also use values of the outer graphs.

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
    """Return the shape and dtype of a function's result, None for None."""
    if result is None:
        return None
    if isinstance(result, Value):
        return KerasTensor(result.shape, result.dtype)
    if isinstance(result, Weight):
        return KerasTensor(result.variable.shape, result.dtype)
    return like(result.array)


def uses_outer(node: Node) -> bool:
    """Whether a node, or a function it calls, draws, or uses a weight or outer value.

    If it does neither, it returns the same in every call of the model.
    """
    return bool(_free([node])) or draws_anew(node)


def draws_anew(node: Node) -> bool:
    """Whether a node, or a function it calls, draws other numbers in each run."""
    if is_draw(node) and node.kwargs["seed"] is None:
        return True
    return any(map(draws_anew, inner_nodes(node)))


def is_draw(node: Node) -> bool:
    """Whether a node draws random numbers."""
    return node.kind.startswith("random.")


def inner_nodes(node: Node) -> list[Node]:
    """Return the nodes of the functions that a node calls."""
    found: list[Node] = []
    parts = (node.args, node.kwargs, list(node.statics.values()))
    map_leaves(
        lambda x: found.extend(x.nodes if isinstance(x, Subgraph) else ()), parts
    )
    return found


def _free(nodes: list[Node]) -> set[IdentityKey]:
    """Return the weights and the outer values that nodes use."""
    used: set[IdentityKey] = set()
    for node in nodes:
        used |= _references((node.args, node.kwargs, list(node.statics.values())))
    return used - _outputs_of(nodes)


def _outputs_of(nodes: list[Node]) -> set[IdentityKey]:
    return {IdentityKey(x) for node in nodes for x in flatten(node.outputs)}


def _references(structure: Any) -> set[IdentityKey]:
    """Return the values and weights in a structure, and those its subgraphs capture."""
    found: set[IdentityKey] = set()

    def visit(x: Any) -> None:
        if isinstance(x, Value | Weight):
            found.add(IdentityKey(x))
        elif isinstance(x, Subgraph):
            inside = _free(x.nodes) | _references(x.outputs)
            inputs = {IdentityKey(one) for one in flatten(x.inputs)}
            found.update(inside - inputs - _outputs_of(x.nodes))

    map_leaves(visit, structure)
    return found
