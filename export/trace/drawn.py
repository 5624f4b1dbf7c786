"""Which outputs of a traced model draw random numbers."""

from __future__ import annotations

from enum import Enum
from typing import Any

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.graph import Graph, Node
from keras_acts.export.trace.structure import flatten
from keras_acts.export.trace.subgraph import Subgraph, inner_nodes, is_draw
from keras_acts.export.trace.tensors import map_leaves


class Chance(Enum):
    """What an output owes to chance."""

    NONE = "none"
    """Nothing."""

    FIXED = "fixed"
    """It draws the same numbers in each run, other ones than Keras does."""

    NEW = "new"
    """It draws new numbers in each run."""


_ORDER = list(Chance)


def chances(graph: Graph) -> list[Chance]:
    """Return what each output of a graph owes to chance, in their order."""
    known: dict[IdentityKey, Chance] = {}
    for node in graph.nodes:
        chance = _most([_own(node), *_of(known, node)])
        if chance is not Chance.NONE:
            known |= {IdentityKey(x): chance for x in flatten(node.outputs)}
    return [known.get(IdentityKey(x), Chance.NONE) for x in graph.outputs.values()]


def _most(found: list[Chance]) -> Chance:
    return max(found, key=_ORDER.index)


def _own(node: Node) -> Chance:
    """Return what a node owes to draws of its own, and of functions that it calls."""
    if is_draw(node):
        return Chance.NEW if node.kwargs["seed"] is None else Chance.FIXED
    inner = inner_nodes(node)
    if node.body is not None and node.kwargs.get("training"):
        inner = [*inner, *node.body().nodes]
    return _most([Chance.NONE, *map(_own, inner)])


def _of(known: dict[IdentityKey, Chance], node: Node) -> list[Chance]:
    """Return what the values owe to chance that a node reads."""
    found: list[Chance] = []

    def visit(x: Any) -> None:
        if isinstance(x, Subgraph):
            for one in x.nodes:
                found.extend(_of(known, one))
            map_leaves(visit, x.outputs)
        elif IdentityKey(x) in known:
            found.append(known[IdentityKey(x)])

    map_leaves(visit, (node.args, node.kwargs, list(node.statics.values())))
    return found
