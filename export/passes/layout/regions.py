"""Choose the layout of images between convolutions: the one with fewer transposes.

Keras has the channels last, and ONNX's convolutions have them first, so that there is a
Transpose before and after each. A region is a set of connected operators that work in
any layout. Rules, for each region next to a Transpose:

1. count the transposes saved if the region had the channels first: those whose results
   only the region reads, and inverse ones that read the region;
2. count the transposes added: one for each other tensor that the region reads, unless
   it exists already, and one for each tensor of the region that is a graph output or
   read by an operator that depends on the layout;
3. change the region to channels first if it saves more than it adds, or as many and it
   contains a constant with few channels: as the last axis, they are too short for SIMD.

Rule 4: an operator with the same result in either layout, such as a mean over the
spatial axes, reads the input of the Transpose before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.layout.movable import (
    data_inputs,
    is_layout_invariant,
    is_movable,
    move,
    permuted_weight,
)
from keras_acts.export.passes.nodes import (
    graph_of,
    insert_after,
    kind,
    permutation,
    remove,
)
from keras_acts.export.passes.weights import sizes

Ranks = dict[ir.Value, int]

_FEW_CHANNELS = 4


class ChooseLayoutPass(InPlacePass):
    """Change regions of the graph to channels first where that saves transposes."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 4 to each node, then rules 1 to 3 to each region."""
        modified = False
        for node in model.graph.all_nodes():
            modified |= _skip_transpose(model.graph, node)
        ranks = _ranks(model)
        for graph in list(model.graphs()):
            for region in _regions(graph, ranks):
                if region.is_worthwhile():
                    region.to_channels_first(model.graph)
                    modified = True
        return PassResult(model, modified)


@dataclass(frozen=True)
class _Region:
    """Operators of one graph that share a layout, in the order of that graph.

    Attributes:
        nodes: The operators.
        rank: The rank of their inputs and results.
    """

    nodes: Sequence[ir.Node]
    rank: int

    @property
    def to_last(self) -> list[int]:
        return [0, *range(2, self.rank), 1]

    @property
    def to_first(self) -> list[int]:
        return [0, self.rank - 1, *range(1, self.rank - 1)]

    @property
    def results(self) -> list[ir.Value]:
        return [node.outputs[0] for node in self.nodes]

    def reads(self) -> list[ir.Value]:
        """Return the tensors read from outside the region, except weights."""
        inside = set(self.results)
        found = {
            x: None
            for node in self.nodes
            for x in _tensors(node)
            if x not in inside and x.const_value is None
        }
        return list(found)

    def readers(self, x: ir.Value) -> Iterator[tuple[ir.Node, int]]:
        """Yield the operators outside that read a tensor, and the input's index."""
        inside = set(self.nodes)
        return ((use.node, use.idx) for use in x.uses() if use.node not in inside)

    def is_worthwhile(self) -> bool:
        """Rules 1 to 3: compare the transposes saved and added, and decide."""
        saved = added = 0
        for x in self.reads():
            if _permutes(x.producer(), self.to_last):
                if not any(self.readers(x)) and not x.is_graph_output():
                    saved += 1
            elif not any(self._inverse_transposes(x)):
                added += 1
        for x in self.results:
            others = [node for node, _ in self.readers(x)]
            inverses = list(self._inverse_transposes(x))
            sensitive = [
                node
                for node in others
                if node not in inverses and not is_layout_invariant(node, self.to_last)
            ]
            saved += len(inverses)
            if sensitive or x.is_graph_output():
                added += 1
        return saved > added or (saved == added and self._has_few_channels())

    def _has_few_channels(self) -> bool:
        shapes = [
            sizes(x.const_value)
            for node in self.nodes
            for x in _tensors(node)
            if x.const_value is not None
        ]
        return any(shape and 1 < shape[-1] <= _FEW_CHANNELS for shape in shapes)

    def _is_inverse_transpose(self, node: ir.Node) -> bool:
        return _permutes(node, self.to_first) and not node.outputs[0].is_graph_output()

    def _inverse_transposes(self, x: ir.Value) -> Iterator[ir.Node]:
        """Yield the transposes outside that bring a tensor to channels first."""
        return (node for node, _ in self.readers(x) if self._is_inverse_transpose(node))

    def to_channels_first(self, graph: ir.Graph) -> None:
        """Apply rule 3 to the region; `graph` is the main graph, with the weights."""
        first = {x: self._channels_first(x) for x in self.reads()}
        for node in self.nodes:
            for i in data_inputs(node):
                x = node.inputs[i]
                if x is None:
                    continue
                if x.const_value is not None:
                    name = f"{node.name}/{i}"
                    node.replace_input_with(
                        i, permuted_weight(graph, x, self.to_last, name)
                    )
                elif x in first:
                    node.replace_input_with(i, first[x])
            move(graph, node, self.to_last)
        for x in self.results:
            self._rewire_readers(graph, x)

    def _channels_first(self, x: ir.Value) -> ir.Value:
        """Return what the region reads in place of a tensor from outside."""
        producer = x.producer()
        if producer is not None and _permutes(producer, self.to_last):
            source = producer.inputs[0]
            if source is not None:
                return source
        inverses = list(self._inverse_transposes(x))
        node = _transpose(x, self.to_first, f"{x.name}/first")
        for other in inverses:
            ir.convenience.replace_all_uses_with(other.outputs[0], node.outputs[0])
            remove(other)
        insert_after(x, node)
        return node.outputs[0]

    def _rewire_readers(self, graph: ir.Graph, x: ir.Value) -> None:
        """Keep what the readers outside the region read."""
        last_shape = x.shape
        sensitive = []
        for reader, position in list(self.readers(x)):
            if self._is_inverse_transpose(reader):
                ir.convenience.replace_all_uses_with(reader.outputs[0], x)
                remove(reader)
            elif is_layout_invariant(reader, self.to_last):
                move(graph, reader, self.to_last)
            else:
                sensitive.append((reader, position))
        producer = x.producer()
        public = x.is_graph_output()
        if producer is not None and (sensitive or public):
            node = _transpose(x, self.to_last, f"{x.name}/last")
            last = node.outputs[0]
            last.shape = last_shape
            insert_after(x, node)
            for reader, position in sensitive:
                reader.replace_input_with(position, last)
            if public:
                _replace_output(x, last)
        if last_shape is not None:
            x.shape = ir.Shape([last_shape[axis] for axis in self.to_first])


def _skip_transpose(graph: ir.Graph, node: ir.Node) -> bool:
    """Rule 4: read the input of the Transpose if the layout doesn't matter."""
    x = node.inputs[0] if node.inputs else None
    before = None if x is None else x.producer()
    if before is None or kind(before) != "Transpose":
        return False
    axes = permutation(before)
    if axes is None or not is_layout_invariant(node, axes):
        return False
    move(graph, node, axes)
    node.replace_input_with(0, before.inputs[0])
    return True


def _transpose(x: ir.Value, axes: Sequence[int], name: str) -> ir.Node:
    node = ir.node(
        "Transpose", [x], {"perm": ir.AttrInt64s("perm", list(axes))}, name=name
    )
    node.outputs[0].name = name
    node.outputs[0].type = x.type
    return node


def _replace_output(x: ir.Value, last: ir.Value) -> None:
    """Make another value the graph output, under the same name."""
    graph = graph_of(x)
    for i, output in enumerate(graph.outputs):
        if output is x:
            graph.outputs[i] = last
    x.name, last.name = last.name, x.name


def _permutes(node: ir.Node | None, axes: Sequence[int]) -> bool:
    """Whether a node is a Transpose by this permutation."""
    if node is None or kind(node) != "Transpose":
        return False
    return permutation(node) == list(axes)


def _tensors(node: ir.Node) -> Iterator[ir.Value]:
    for i in data_inputs(node):
        x = node.inputs[i]
        if x is not None:
            yield x


def _regions(graph: ir.Graph, ranks: Ranks) -> list[_Region]:
    """Return the regions of a graph: connected operators, or readers of a Transpose."""
    groups: dict[ir.Node, list[ir.Node]] = {}
    shared: dict[ir.Value, ir.Node] = {}
    for node in graph:
        if not _works_in_any_layout(node, ranks):
            continue
        groups[node] = [node]
        for x in _tensors(node):
            producer = x.producer()
            if producer in groups:
                _join(groups, node, producer)
            elif producer is not None and kind(producer) == "Transpose":
                _join(groups, node, shared.setdefault(x, node))
    order = {node: i for i, node in enumerate(graph)}
    unique = {id(group): group for group in groups.values()}
    return [
        _Region(sorted(group, key=order.__getitem__), ranks[group[0].outputs[0]])
        for group in unique.values()
    ]


def _join(groups: dict[ir.Node, list[ir.Node]], a: ir.Node, b: ir.Node) -> None:
    if groups[a] is groups[b]:
        return
    small, large = sorted((groups[a], groups[b]), key=len)
    large.extend(small)
    for node in small:
        groups[node] = large


def _works_in_any_layout(node: ir.Node, ranks: Ranks) -> bool:
    """Whether an operator reads and writes tensors of one rank, from 3 to 5."""
    rank = ranks.get(node.outputs[0])
    if rank not in (3, 4, 5) or len(node.outputs) != 1 or not is_movable(node):
        return False
    return all(
        ranks.get(x, rank + 1) <= rank
        if x.const_value is not None
        else ranks.get(x) == rank
        for x in _tensors(node)
    )


# Operators whose result has the rank of their first input.
_LIKE_FIRST = frozenset(
    (
        *("AveragePool", "BatchNormalization", "Conv", "ConvTranspose"),
        *("InstanceNormalization", "LayerNormalization", "MaxPool", "Transpose"),
    )
)


def _ranks(model: ir.Model) -> Ranks:
    """Return the ranks of all values for which they are known."""
    ranks: Ranks = {}
    for graph in model.graphs():
        for known in (*graph.inputs, *graph.initializers.values()):
            if known.shape is not None:
                ranks[known] = len(known.shape)
    for node in model.graph.all_nodes():
        for i, result in enumerate(node.outputs):
            rank = _rank(node, ranks) if i == 0 else None
            if result.shape is not None:
                ranks[result] = len(result.shape)
            elif rank is not None:
                ranks[result] = rank
    return ranks


def _rank(node: ir.Node, ranks: Ranks) -> int | None:
    if kind(node) not in _LIKE_FIRST and not is_movable(node):
        return None
    read = [node.inputs[0]] if kind(node) in _LIKE_FIRST else list(_tensors(node))
    found = [ranks.get(x) for x in read if x is not None]
    known = [rank for rank in found if rank is not None]
    return max(known) if known and len(known) == len(found) else None
