"""Name the sizes of outputs that the model computes from those of its inputs.

The shapes of the graph are computed for several samples of the inputs' sizes, without
those with which it can't run. Rules, for a size that has no name yet:

1. a formula in the inputs' names that holds at all samples is its name: `x_1`,
   `(x_1 + 1)//2`, `batch*x_1`;
2. any other size, which may depend on the inputs' numbers, is named by its place,
   `<output>_<axis>`, and so is another output's that equals it at all samples.

Values inside the graph are left alone: onnxruntime lets those share memory whose sizes
have the same names.
"""

from __future__ import annotations

import contextlib
import itertools
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

_ENOUGH = 6
"""So many further samples are enough, if the graph runs with them."""

_LEAST = 3
"""Fewer samples prove nothing."""

_TRIED = 4
"""If the graph can't run with any of so many samples, no other is tried."""

Run = tuple[Sample, Evaluation]
Values = tuple[int, ...]
Names = dict[Values, str]


class NameComputedSizesPass(InPlacePass):
    """Name the sizes of outputs (rules 1 and 2)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to a model whose shapes have been inferred."""
        unnamed = [x for x in model.graph.outputs if any(map(is_unnamed, _dims(x)))]
        if not unnamed:
            return PassResult(model, modified=False)
        runs, names = _runs(model, unnamed), Names()
        taken = UniqueNames(_names(model.graph.inputs))
        for value in unnamed:
            value.shape = ir.Shape(
                [
                    ir.SymbolicDim(_name(value, axis, runs, names, taken))
                    if is_unnamed(size)
                    else size
                    for axis, size in enumerate(_dims(value))
                ]
            )
        return PassResult(model, modified=True)


def _name(
    value: ir.Value, axis: int, runs: Sequence[Run], names: Names, taken: UniqueNames
) -> str:
    """Return the name of a size: a formula (rule 1), or its place (rule 2)."""
    found = _found(value, axis, runs)
    if found is not None and found in names:
        return names[found]
    name = None if found is None else formula(found, [sample for sample, _ in runs])
    if name is None:
        name = taken.unique(f"{value.name}_{axis}")
    if found is not None:
        names[found] = name
    return name


def _found(value: ir.Value, axis: int, runs: Sequence[Run]) -> Values | None:
    """Return a size at each sample, None if it isn't known at one of them."""
    if not runs:
        return None
    values = []
    for _, run in runs:
        shape = run.shape(value)
        size = None if shape is None or len(shape) <= axis else shape[axis]
        if size is None:
            return None
        values.append(size)
    return tuple(values)


def _runs(model: ir.Model, outputs: Iterable[ir.Value]) -> list[Run]:
    """Compute the shapes that outputs depend on, for samples that are possible.

    As few sizes as the model needs are equal in them.
    """
    names = list(dict.fromkeys(_names(model.graph.inputs)))
    nodes, schemas = _ancestors(model.graph, outputs), Schemas(model.opset_imports)

    def feasible(chosen: Iterable[Sample]) -> Iterator[Run]:
        for sample in chosen:
            evaluation = Evaluation(schemas, sample)
            with contextlib.suppress(InfeasibleError):
                evaluation.run(nodes)
                yield sample, evaluation

    for level in samples.partitions(names) if names else ():
        runs: list[Run] = []
        for partition in level:
            chosen = list(samples.of_partition(names, partition))
            found = list(feasible(chosen[:_TRIED]))
            if found:
                found += itertools.islice(feasible(chosen[_TRIED:]), _ENOUGH)
            if len(found) >= _LEAST:
                runs += found
                runs += feasible(samples.with_ones(names, partition))
        if runs:
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


def _names(values: Iterable[ir.Value]) -> Iterator[str]:
    """Yield the names of unknown sizes of values."""
    for value in values:
        for size in _dims(value):
            if isinstance(size, ir.SymbolicDim) and size.value is not None:
                yield str(size.value)


def _dims(value: ir.Value) -> Sequence[int | ir.SymbolicDim]:
    return () if value.shape is None else list(value.shape)
