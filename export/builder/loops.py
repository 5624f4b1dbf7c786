"""Operators that hold graphs: Scan, Loop and If, each behind one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder.graph_builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype

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
    """Append a Scan: a step for each place along an axis, with values carried on.

    Args:
        g: The graph builder.
        step: Appends a step, given what is carried and the slices at one place; it
            returns what is carried on, and what is stacked.
        carried: What the first step gets, of shapes that stay.
        scanned: The tensors that are sliced.
        axis: The axis of slicing and of stacking.
        reverse: Whether the last slice comes first.
        reverse_outputs: Whether the first step's results are stacked last.

    Returns:
        What the last step carries on, and the stacked results.
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


def _results(made: Any) -> list[ir.Value]:
    return [made] if isinstance(made, ir.Value) else list(made)


def _like(
    g: GraphBuilder, name: str, x: ir.Value, shape: Sequence[int | None]
) -> ir.Value:
    return g.placeholder(name, require_dtype(x), shape)


def _without(shape: Sequence[int | None], axis: int) -> tuple[int | None, ...]:
    return (*shape[:axis], *shape[axis + 1 :])
