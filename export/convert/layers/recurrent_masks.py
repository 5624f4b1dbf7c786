"""Masks of recurrent layers, any of them, in front of and behind ONNX's operators.

An operator leaves out the end of each sequence, where a mask of Keras may leave out any
step. So the steps that the mask keeps move to the front, in their order, and the
results go back to where they belong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce


@dataclass(frozen=True)
class Kept:
    """The steps that a mask keeps.

    Attributes:
        mask: True for them, (batch, time).
        ones: The same as int32.
        lengths: How many they are in each sequence, (batch,) of int32.
    """

    mask: ir.Value
    ones: ir.Value
    lengths: ir.Value

    @classmethod
    def of(cls, g: GraphBuilder, mask: ir.Value) -> Kept:
        """Return what a mask keeps."""
        ones = g.cast(g.cast(mask, ir.DataType.BOOL), ir.DataType.INT32)
        lengths = g.with_shape(
            reduce(g, "ReduceSum", ones, [1]), g.static_shape(mask)[:1]
        )
        return cls(g.cast(mask, ir.DataType.BOOL), ones, lengths)

    def first(self, g: GraphBuilder, x: ir.Value) -> ir.Value:
        """Move the steps that are kept to the front; x is (batch, time, features)."""
        # Among equals TopK takes the lower index first.
        _, order = g.TopK(self.ones, g.size(self.ones, 1), axis=1, outputs=2)
        return _taken(g, x, order)

    def back(
        self, g: GraphBuilder, y: ir.Value, *, zero: bool, backwards: bool
    ) -> ir.Value:
        """Move results from the front to their steps; y is (batch, time, units).

        Args:
            g: The graph builder.
            y: The results.
            zero: Whether a step that is left out has zeros, or else the result of the
                step processed before it.
            backwards: Whether that is the next step in time.
        """
        axis = np.asarray(1, np.int64)
        if backwards:
            places = g.CumSum(self.ones, axis, exclusive=1)
            given = g.Less(places, _last_axis(g, self.lengths))
        else:
            places = g.Sub(g.CumSum(self.ones, axis), 1)
            given = g.GreaterOrEqual(places, 0)
        g.with_shape(places, g.static_shape(self.mask))
        taken = _taken(g, y, g.cast(places, ir.DataType.INT64))
        chosen = _last_axis(g, self.mask if zero else given)
        return g.with_shape(g.Where(chosen, taken, g.zeros_like(y)), g.static_shape(y))

    def or_else(self, g: GraphBuilder, last: ir.Value, initial: Operand) -> ir.Value:
        """Return the last state, the initial one where no step is kept."""
        some = _last_axis(g, g.Greater(self.lengths, 0))
        return g.with_shape(g.Where(some, last, initial), g.static_shape(last))


def _taken(g: GraphBuilder, x: ir.Value, places: ir.Value) -> ir.Value:
    taken = g.GatherND(x, _last_axis(g, places), batch_dims=1)
    return g.with_shape(taken, g.static_shape(x))


def _last_axis(g: GraphBuilder, x: ir.Value) -> ir.Value:
    value: ir.Value = g.Unsqueeze(x, [-1])
    return value
