"""Operators that hold graphs: Scan, Loop and If, each behind one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder.graph_builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype

KEEPS_SHAPES = "keeps_shapes"
"""Note on a Loop, for the passes: its loop-carried values keep their shapes."""

Values = Sequence[ir.Value]
Step = Callable[[list[ir.Value], list[ir.Value]], tuple[Values, Values]]


def scan(
    g: GraphBuilder,
    step: Step,
    carried: Values,
    scanned: Values,
    *,
    axis: int = 0,
    reverse: bool = False,
    reverse_outputs: bool = False,
) -> tuple[list[ir.Value], list[ir.Value]]:
    """Append a Scan: a step for each slice along an axis, with loop-carried values.

    Args:
        g: The graph builder.
        step: Appends a step, given the loop-carried values and the slices of one
            place; it returns the next loop-carried values, and those to stack.
        carried: The initial loop-carried values, whose shapes stay.
        scanned: The tensors that are sliced.
        axis: The axis of slicing and of stacking.
        reverse: Whether the last slice comes first.
        reverse_outputs: Whether the first step's results are stacked last.

    Returns:
        The final loop-carried values, and the stacked results.
    """
    states = [_like(g, "state", x, g.static_shape(x)) for x in carried]
    slices = [_like(g, "slice", x, _without(g.static_shape(x), axis)) for x in scanned]

    def build(*inputs: ir.Value) -> Values:
        new, stacked = step(list(inputs[: len(carried)]), list(inputs[len(carried) :]))
        return [*new, *stacked]

    body = g.subgraph(build, *states, *slices)
    count = len(body.outputs) - len(carried)
    results = _results(
        g.Scan(
            *carried,
            *scanned,
            body=body,
            num_scan_inputs=len(scanned),
            scan_input_axes=[axis] * len(scanned) if axis else None,
            scan_input_directions=[1] * len(scanned) if reverse else None,
            scan_output_axes=[axis] * count if axis and count else None,
            scan_output_directions=[1] * count if reverse_outputs and count else None,
            outputs=len(body.outputs),
        )
    )
    finals, stacked = results[: len(carried)], results[len(carried) :]
    for value, first in zip(finals, carried, strict=True):
        g.with_shape(value, g.static_shape(first))
    length = g.static_shape(scanned[0])[axis]
    for value, one in zip(stacked, body.outputs[len(carried) :], strict=True):
        shape = g.static_shape(one)
        g.with_shape(value, (*shape[:axis], length, *shape[axis:]))
    return finals, stacked


def loop(
    g: GraphBuilder,
    step: Callable[[ir.Value, list[ir.Value]], tuple[Values, Values]],
    carried: Values,
    *,
    count: ir.Value | None = None,
    holds: Callable[[Values], ir.Value] | None = None,
    keeps_shapes: bool = True,
) -> tuple[list[ir.Value], list[ir.Value]]:
    """Append a Loop: steps that carry values of shapes that stay, to a count or while.

    Args:
        g: The graph builder.
        step: Appends a step, given its number from 0 and the loop-carried values; it
            returns the next ones, and those to stack along a new first axis.
        carried: The initial loop-carried values.
        count: The most steps, or None for no limit.
        holds: Appends the condition for another step, given the loop-carried values.
        keeps_shapes: Whether the passes find the names of the loop-carried values'
            sizes, by an inference of the whole graph for each Loop behind another.

    Returns:
        The final loop-carried values, and the stacked results.
    """
    variables = [_like(g, "variable", x, g.static_shape(x)) for x in carried]
    iteration = g.placeholder("iteration", ir.DataType.INT64, ())
    running = g.placeholder("condition", ir.DataType.BOOL, ())

    def build(number: ir.Value, condition: ir.Value, *present: ir.Value) -> Values:
        new, stacked = step(number, list(present))
        again = condition if holds is None else holds(new)
        return [again, *new, *stacked]

    start = None if holds is None else holds(carried)
    body = g.subgraph(build, iteration, running, *variables)
    results = _results(
        g.Loop(count, start, *carried, body=body, outputs=len(body.outputs) - 1)
    )
    node = results[0].producer()
    if node is not None and keeps_shapes:
        node.meta[KEEPS_SHAPES] = True
    finals, stacked = results[: len(carried)], results[len(carried) :]
    for value, first in zip(finals, carried, strict=True):
        g.with_shape(value, g.static_shape(first))
    for value, one in zip(stacked, body.outputs[1 + len(carried) :], strict=True):
        g.with_shape(value, (None, *g.static_shape(one)))
    return finals, stacked


def branch(
    g: GraphBuilder,
    condition: ir.Value,
    then: Callable[[], Values],
    otherwise: Callable[[], Values],
) -> list[ir.Value]:
    """Append an If: what one function appends, or what another does.

    Args:
        g: The graph builder.
        condition: A scalar boolean.
        then: Appends what runs where it holds.
        otherwise: Appends what runs where it does not; it returns as many values.
    """
    first, second = g.subgraph(then), g.subgraph(otherwise)
    if not first.outputs:
        return []
    made = g.If(
        condition,
        then_branch=first,
        else_branch=second,
        outputs=len(first.outputs),
    )
    results = _results(made)
    for value, a, b in zip(results, first.outputs, second.outputs, strict=True):
        if a.shape is not None and b.shape is not None:
            pairs = zip(g.static_shape(a), g.static_shape(b), strict=True)
            g.with_shape(value, [x if x == y else None for x, y in pairs])
    return results


def _results(made: Any) -> list[ir.Value]:
    return [made] if isinstance(made, ir.Value) else list(made)


def _like(
    g: GraphBuilder, name: str, x: ir.Value, shape: Sequence[int | None]
) -> ir.Value:
    return g.placeholder(name, require_dtype(x), shape)


def _without(shape: Sequence[int | None], axis: int) -> tuple[int | None, ...]:
    return (*shape[:axis], *shape[axis + 1 :])
