"""Name the sizes that the model computes from those of its inputs.

The shapes of the graph are computed for several samples of the inputs' sizes, without
those with which it can't run. Rules, for a size that has no name yet:

1. a formula in the inputs' names that holds at all samples is its name: `x_1`,
   `(x_1 + 1)//2`, `batch*x_1`;
2. any other size of an output, which may depend on the inputs' numbers, is named by its
   place, `<output>_<axis>`; so is every size that equals it at all samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.names import UniqueNames
from keras_acts.export.passes.shapes import samples
from keras_acts.export.passes.shapes.evaluation import (
    Evaluation,
    InfeasibleError,
    Schemas,
)
from keras_acts.export.passes.shapes.formulas import formula
from keras_acts.export.passes.shapes.samples import Sample
from keras_acts.export.passes.shapes.symbols import is_unnamed

_ENOUGH = 9
"""So many samples are enough, if the graph runs with them."""

_LEAST = 3
"""Fewer samples prove nothing."""

Run = tuple[Sample, Evaluation]
Values = tuple[int, ...]
Names = dict[Values, str | None]


class NameComputedSizesPass(InPlacePass):
    """Name the sizes of outputs, and of what they are computed from (rules 1, 2)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to a model whose shapes have been inferred."""
        unnamed = [x for x in model.graph.outputs if any(map(is_unnamed, _dims(x)))]
        if not unnamed:
            return PassResult(model, modified=False)
        runs = _runs(model, unnamed)
        names: Names = {}
        if runs:
            for value in list(runs[0][1].shapes):
                _rename(value, runs, names)
        taken = UniqueNames(_names(model.graph.inputs))
        for value in unnamed:
            _name_by_place(value, runs, names, taken)
        for value in _values(model) if runs else ():
            _rename(value, runs, names)
        return PassResult(model, modified=True)


def _rename(value: ir.Value, runs: Sequence[Run], names: Names) -> None:
    """Rule 1: name the sizes of a value that a formula gives."""
    if value.shape is None:
        return
    sizes = list(value.shape)
    for axis, size in enumerate(sizes):
        found = _found(value, axis, runs) if is_unnamed(size) else None
        if found is None:
            continue
        if found not in names:
            names[found] = formula(found, [sample for sample, _ in runs])
        name = names[found]
        sizes[axis] = size if name is None else ir.SymbolicDim(name)
    value.shape = ir.Shape(sizes)


def _name_by_place(
    value: ir.Value, runs: Sequence[Run], names: Names, taken: UniqueNames
) -> None:
    """Rule 2: name the other sizes of an output by their places."""
    sizes = list(value.shape or ())
    for axis, size in enumerate(sizes):
        if not is_unnamed(size):
            continue
        found = _found(value, axis, runs) if runs else None
        name = None if found is None else names.get(found)
        if name is None:
            name = taken.unique(f"{value.name}_{axis}")
        if found is not None:
            names[found] = name
        sizes[axis] = ir.SymbolicDim(name)
    value.shape = ir.Shape(sizes)


def _found(value: ir.Value, axis: int, runs: Sequence[Run]) -> Values | None:
    """Return a size at each sample, None if it isn't known at one of them."""
    values = []
    for _, run in runs:
        shape = run.shape(value)
        size = None if shape is None or len(shape) <= axis else shape[axis]
        if size is None:
            return None
        values.append(size)
    return tuple(values)


def _runs(model: ir.Model, outputs: Iterable[ir.Value]) -> list[Run]:
    """Compute the shapes that outputs depend on, for samples that are possible."""
    names = list(dict.fromkeys(_names(model.graph.inputs)))
    nodes, schemas = _ancestors(model.graph, outputs), Schemas(model.opset_imports)
    for chosen in (samples.distinct, samples.tied):
        runs: list[Run] = []
        for sample in chosen(names) if names else ():
            evaluation = Evaluation(schemas, sample)
            try:
                evaluation.run(nodes)
            except InfeasibleError:
                continue
            runs.append((sample, evaluation))
            if len(runs) == _ENOUGH and chosen is samples.distinct:
                break
        if len(runs) >= _LEAST:
            return runs
    return []


def _ancestors(graph: ir.Graph, outputs: Iterable[ir.Value]) -> list[ir.Node]:
    """Return the nodes of a graph that outputs depend on, in its order."""
    pending, needed = [x.producer() for x in outputs], set[ir.Node]()
    while pending:
        node = pending.pop()
        if node is None or node in needed:
            continue
        needed.add(node)
        pending += [x.producer() for x in _read(node)]
    return [node for node in graph if node in needed]


def _read(node: ir.Node) -> Iterator[ir.Value]:
    """Yield what a node reads, and what the nodes in its graphs read."""
    yield from (x for x in node.inputs if x is not None)
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            graph = attribute.as_graph()
            yield from (x for x in graph.outputs if x is not None)
            for inner in graph:
                yield from _read(inner)


def _values(model: ir.Model) -> Iterator[ir.Value]:
    for graph in model.graphs():
        for node in graph:
            yield from node.outputs


def _names(values: Iterable[ir.Value]) -> Iterator[str]:
    """Yield the names of unknown sizes of values."""
    for value in values:
        for size in _dims(value):
            if isinstance(size, ir.SymbolicDim) and size.value is not None:
                yield str(size.value)


def _dims(value: ir.Value) -> Sequence[int | ir.SymbolicDim]:
    return () if value.shape is None else list(value.shape)
