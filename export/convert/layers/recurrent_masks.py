"""Arbitrary masks of recurrent layers, before and after ONNX's operators.

An operator can skip the end of each sequence, while a Keras mask may skip any step. So
the unmasked steps are moved to the front, in order, and the results are moved back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce


@dataclass(frozen=True)
class UnmaskedSteps:
    """The unmasked steps of each sequence.

    Attributes:
        mask: True for unmasked steps, (batch, time).
        ones: The same as int32.
        lengths: The number of unmasked steps of each sequence, (batch,) of int32.
    """

    mask: ir.Value
    ones: ir.Value
    lengths: ir.Value

    @classmethod
    def of(cls, g: GraphBuilder, mask: ir.Value) -> UnmaskedSteps:
        """Return the unmasked steps of a mask."""
        ones = g.cast(g.cast(mask, ir.DataType.BOOL), ir.DataType.INT32)
        lengths = g.with_shape(
            reduce(g, "ReduceSum", ones, [1]), g.static_shape(mask)[:1]
        )
        return cls(g.cast(mask, ir.DataType.BOOL), ones, lengths)

    def move_to_front(self, g: GraphBuilder, x: ir.Value) -> ir.Value:
        """Move the unmasked steps to the front; x is (batch, time, features)."""
        # Of equal elements, TopK returns the one with the lower index first.
        _, order = g.TopK(self.ones, g.size(self.ones, 1), axis=1, outputs=2)
        return _gather_steps(g, x, order)

    def restore(
        self,
        g: GraphBuilder,
        y: ir.Value,
        *,
        zero: bool,
        backwards: bool,
        first: ir.Value | None = None,
    ) -> ir.Value:
        """Move results from the front to their steps; y is (batch, time, units).

        Args:
            g: The graph builder.
            y: The results.
            zero: Whether masked steps output zeros, rather than the output of the step
                processed before them.
            backwards: Whether that is the next step in time.
            first: What comes before the first step, (batch, 1, units); zeros for None.
        """
        axis = np.asarray(1, np.int64)
        if backwards:
            indices = g.CumSum(self.ones, axis, exclusive=1)
            has_output = g.Less(indices, _unsqueeze_last(g, self.lengths))
        else:
            indices = g.Sub(g.CumSum(self.ones, axis), 1)
            has_output = g.GreaterOrEqual(indices, 0)
        g.with_shape(indices, g.static_shape(self.mask))
        restored = _gather_steps(g, y, g.cast(indices, ir.DataType.INT64))
        condition = _unsqueeze_last(g, self.mask if zero else has_output)
        other = g.zeros_like(y) if zero or first is None else first
        return g.with_shape(g.Where(condition, restored, other), g.static_shape(y))

    def final_state(
        self, g: GraphBuilder, last: ir.Value, initial: Operand
    ) -> ir.Value:
        """Return the last state, or the initial one if all steps are masked."""
        has_steps = _unsqueeze_last(g, g.Greater(self.lengths, 0))
        return g.with_shape(g.Where(has_steps, last, initial), g.static_shape(last))


def _gather_steps(g: GraphBuilder, x: ir.Value, indices: ir.Value) -> ir.Value:
    gathered = g.GatherND(x, _unsqueeze_last(g, indices), batch_dims=1)
    return g.with_shape(gathered, g.static_shape(x))


def _unsqueeze_last(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Unsqueeze(x, [-1])
