"""Recurrence over time, with an arbitrary step, as a Scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.loops import scan
from keras_acts.export.convert.registry import converts
from keras_acts.export.trace import flatten, pack


@converts("trace.rnn")
def recurrence(
    g: GraphBuilder,
    op: Any,
    step: Any,
    inputs: Any,
    initial_states: Any,
    mask: ir.Value | None,
    *,
    go_backwards: bool,
    time_major: bool,
    zero_output_for_mask: bool,
    return_all_outputs: bool,
) -> Any:
    """Map an RNN loop to a Scan over time.

    It carries the states, and the last output if masked steps repeat it or if only the
    last output is returned.
    """
    axis = 0 if time_major else 1
    tensors, states = flatten(inputs), flatten(initial_states)
    last_spec, new_specs = step.outputs
    same = [i for i, x in enumerate(flatten(new_specs)) if x is last_spec]
    repeats = mask is not None and not zero_output_for_mask
    # Without a mask, an output that equals a state is not carried separately.
    carries = repeats or not (return_all_outputs or (same and mask is None))
    first = (
        _zero_output(g, step, inputs, initial_states, same, axis) if carries else None
    )
    masks = [] if mask is None else [_mask(g, mask)]

    def scan_step(carried: list[ir.Value], slices: list[ir.Value]) -> Any:
        current = carried[: len(states)]
        output, new = step(
            pack(inputs, slices[: len(tensors)]), pack(initial_states, current)
        )
        next_states = flatten(new)
        if masks:
            keep = slices[-1]
            next_states = [
                g.Where(_aligned(g, keep, old), x, old)
                for x, old in zip(next_states, current, strict=True)
            ]
            other = carried[-1] if repeats else g.zeros_like(output)
            shape = output.shape
            output = g.Where(_aligned(g, keep, output), output, other)
            output.shape = shape
        if first is not None:
            next_states = [*next_states, output]
        return next_states, [output] if return_all_outputs else []

    carried = states if first is None else [*states, first]
    finals, stacked = scan(
        g, scan_step, carried, [*tensors, *masks], axis=axis, reverse=go_backwards
    )
    if return_all_outputs:
        last = g.Gather(stacked[0], np.asarray(-1, np.int64), axis=axis)
        return last, stacked[0], finals[: len(states)]
    last = finals[same[0]] if first is None else finals[-1]
    return last, g.Unsqueeze(last, [axis]), finals[: len(states)]


def _mask(g: GraphBuilder, mask: ir.Value) -> ir.Value:
    """Return a mask as booleans, of shape (batch, time, 1) or more axes."""
    mask = g.cast(mask, "bool")
    if g.rank(mask) > 2:
        return mask
    return g.with_shape(g.Unsqueeze(mask, [2]), (*g.static_shape(mask), 1))


def _aligned(g: GraphBuilder, keep: ir.Value, x: ir.Value) -> ir.Value:
    """Unsqueeze one step's mask to the rank of a tensor, batch first."""
    missing = list(range(g.rank(keep), g.rank(x)))
    return g.Unsqueeze(keep, missing) if missing else keep


def _zero_output(
    g: GraphBuilder,
    step: Any,
    inputs: Any,
    initial_states: Any,
    same: list[int],
    axis: int,
) -> ir.Value:
    """Return zeros in the shape of an output, before the first step."""
    spec = step.outputs[0]
    tensors = flatten(inputs)
    if None not in spec.shape[1:]:
        batch = g.size(tensors[0], 1 - axis)
        sizes = g.shape(
            batch if spec.shape[0] is None else spec.shape[0], *spec.shape[1:]
        )
    elif same:
        sizes = g.Shape(flatten(initial_states)[same[0]])
    else:
        zero_index = np.asarray(0, np.int64)
        first_slices = [g.Gather(x, zero_index, axis=axis) for x in tensors]
        sizes = g.Shape(step(pack(inputs, first_slices), initial_states)[0])
    zero = np.zeros((), g.dtype(spec.dtype).numpy())
    return g.with_shape(g.Expand(zero, sizes), spec.shape)
