"""Recurrence over time, with an arbitrary step, as a Scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.loops import scan
from keras_acts.export.convert.registry import converts
from keras_acts.export.trace import Value, flatten, pack
from keras_acts.export.trace.handlers.masked_steps import MaskedOutput, first_state
from keras_acts.export.trace.handlers.rnn import Recurrence


@converts("trace.rnn")
def recurrence(
    g: GraphBuilder,
    op: Recurrence,
    step: Any,
    inputs: Any,
    initial_states: Any,
    mask: ir.Value | None,
) -> Any:
    """Map an RNN loop to a Scan over time, its states carried from step to step."""
    loop = _Loop(op, step, inputs, initial_states, mask is not None)
    first = [loop.first_output(g)] if loop.carries_output else []
    masks = [] if mask is None else [_mask(g, mask)]
    finals, stacked = scan(
        g,
        lambda carried, slices: loop.step(g, carried, slices),
        [*loop.states, *first],
        [*loop.tensors, *masks],
        axis=op.axis,
        reverse=op.go_backwards,
    )
    states = finals[: len(loop.states)]
    last_index = np.asarray(-1, np.int64)
    if op.return_all_outputs:
        last, outputs = g.Gather(stacked[0], last_index, axis=op.axis), stacked[0]
    else:
        index = loop.state_that_is_output
        last = finals[-1] if first or index is None else finals[index]
        outputs = g.Unsqueeze(last, [op.axis])
    if masks and op.masked_output is MaskedOutput.ZERO_IN_TIME:
        step = g.Gather(masks[0], np.asarray(0, np.int64), axis=op.axis)
        last = _zero_unless(g, step, last)
        if op.return_all_outputs:
            outputs = _zero_unless(g, masks[0], outputs)
    return last, outputs, states


@dataclass(frozen=True, eq=False)
class _Loop:
    """A call of `backend.rnn`: the values that a step reads and carries.

    Attributes:
        op: The settings of the loop.
        function: The traced step: `function(x, states)` returns the output and states.
        inputs: The structure of tensors that are sliced along time.
        initial_states: The structure of the initial states.
        masked: Whether there is a mask.
    """

    op: Recurrence
    function: Any
    inputs: Any
    initial_states: Any
    masked: bool

    @property
    def tensors(self) -> list[ir.Value]:
        """The tensors that are sliced along time."""
        return flatten(self.inputs)

    @property
    def states(self) -> list[ir.Value]:
        """The initial states."""
        return flatten(self.initial_states)

    @property
    def state_that_is_output(self) -> int | None:
        """The index of a state that is also the step's output, None for none."""
        output, states = self.function.outputs
        return next((i for i, x in enumerate(flatten(states)) if x is output), None)

    @property
    def repeats_output(self) -> bool:
        """Whether a masked step repeats the previous output."""
        repeats = (MaskedOutput.PREVIOUS, MaskedOutput.ZERO_IN_TIME)
        return self.masked and self.op.masked_output in repeats

    @property
    def carries_output(self) -> bool:
        """Whether the last output is carried besides the states.

        An output that equals a state, masked or not, is not carried separately.
        """
        if self.repeats_output:
            return True
        index = self.state_that_is_output
        numbered = pack(self.initial_states, list(range(len(self.states))))
        stays_alike = (
            self.op.masked_output is MaskedOutput.STATE
            and first_state(numbered) == index
        )
        is_state = index is not None and (stays_alike or not self.masked)
        return not (self.op.return_all_outputs or is_state)

    def step(
        self, g: GraphBuilder, carried: list[ir.Value], slices: list[ir.Value]
    ) -> tuple[list[ir.Value], list[ir.Value]]:
        """Append one step; return the carried values and the stacked outputs."""
        current = carried[: len(self.states)]
        output, new = self.function(
            pack(self.inputs, slices[: len(self.tensors)]),
            pack(self.initial_states, current),
        )
        next_states = flatten(new)
        if self.masked:
            keep = slices[-1]
            next_states = [
                g.Where(_aligned(g, keep, old), x, old)
                for x, old in zip(next_states, current, strict=True)
            ]
            other = self._masked_output(g, output, carried)
            shape = g.static_shape(output)
            output = g.Where(_aligned(g, keep, output), output, other)
            output = g.with_shape(output, shape)
        if self.carries_output:
            next_states = [*next_states, output]
        return next_states, [output] if self.op.return_all_outputs else []

    def _masked_output(
        self, g: GraphBuilder, output: ir.Value, carried: list[ir.Value]
    ) -> Operand:
        """Return the output of a masked step, given what the step reads."""
        if self.repeats_output:
            return carried[-1]
        if self.op.masked_output is MaskedOutput.STATE:
            current = carried[: len(self.states)]
            return first_state(pack(self.initial_states, current))
        return g.zeros_like(output)

    def first_output(self, g: GraphBuilder) -> ir.Value:
        """Return zeros in the shape of an output, before the first step."""
        spec = self.function.outputs[0]
        zero = np.zeros((), g.dtype(spec.dtype).numpy())
        return g.with_shape(g.Expand(zero, self._output_sizes(g, spec)), spec.shape)

    def _output_sizes(self, g: GraphBuilder, spec: Value) -> ir.Value:
        """Return the shape of an output: known, a state's, or that of a first step."""
        batch, *rest = spec.shape
        known = [size for size in rest if size is not None]
        if len(known) == len(rest):
            size = g.size(self.tensors[0], 1 - self.op.axis)
            return g.shape(size if batch is None else batch, *known)
        if (index := self.state_that_is_output) is not None:
            return g.Shape(self.states[index])
        zero_index = np.asarray(0, np.int64)
        slices = [g.Gather(x, zero_index, axis=self.op.axis) for x in self.tensors]
        output, _ = self.function(pack(self.inputs, slices), self.initial_states)
        return g.Shape(output)


def _mask(g: GraphBuilder, mask: ir.Value) -> ir.Value:
    """Return a mask as booleans, of shape (batch, time, 1) or more axes."""
    mask = g.cast(mask, "bool")
    if g.rank(mask) > 2:
        return mask
    return g.Unsqueeze(mask, [2])


def _zero_unless(g: GraphBuilder, keep: ir.Value, x: ir.Value) -> ir.Value:
    """Return a tensor with zeros where a mask is False."""
    zeroed = g.Where(_aligned(g, keep, x), x, g.zeros_like(x))
    return g.with_shape(zeroed, g.static_shape(x))


def _aligned(g: GraphBuilder, keep: ir.Value, x: ir.Value) -> ir.Value:
    """Unsqueeze a mask to the rank of a tensor, whose first axes are the mask's."""
    missing = list(range(g.rank(keep), g.rank(x)))
    return g.Unsqueeze(keep, missing) if missing else keep
