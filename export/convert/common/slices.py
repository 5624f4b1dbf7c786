"""The ends of slices that reach the last element, and reversal by a Slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder

END = int(np.iinfo(np.int64).max)
"""The end of a slice that goes forward to the last element."""

START = int(np.iinfo(np.int64).min)
"""The end of a slice that goes backward to the first element."""

LARGER_THAN_ANY = 2**62
"""A size larger than that of any axis; added to a start, it does not overflow."""


def divisor(g: GraphBuilder, size: ir.Value) -> ir.Value:
    """Return a size to divide integers by: 1 for an unknown one that is 0."""
    return size if size.const_value is not None else g.Max(size, 1)


def reversed_along(g: GraphBuilder, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    """Append a Slice that reverses the order along some axes."""
    count = len(axes)
    return g.Slice(x, [-1] * count, [START] * count, list(axes), [-1] * count)
