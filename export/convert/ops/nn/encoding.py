"""Encodings of integers as vectors of zeros and ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.registry import converts


@converts("nn.OneHot")
def one_hot(g: GraphBuilder, op: Any, x: Operand) -> ir.Value:
    """Map `ops.one_hot` to a comparison with each class; a new axis of classes."""
    indices = x if isinstance(x, ir.Value) else g.cast(x, "int64")
    rank = g.rank(indices)
    axis = op.axis % (rank + 1)
    classes = _classes(g, op.num_classes, [-1] + [1] * (rank - axis))
    matches = g.Equal(g.Unsqueeze(indices, [axis]), g.cast(classes, indices.dtype))  # type: ignore[arg-type]
    return g.cast(matches, g.spec.dtype)


def _classes(g: GraphBuilder, count: Size, shape: Sequence[int]) -> Operand:
    if not isinstance(count, ir.Value):
        return np.arange(count).reshape(shape)
    end = g.Squeeze(g.shape(count), [0])
    return g.Reshape(g.Range(0, end, 1), list(shape))


@converts("nn.MultiHot")
def multi_hot(g: GraphBuilder, op: Any, inputs: Operand) -> ir.Value:
    """Map `ops.multi_hot` to a comparison with each class and ReduceMax over axis 1."""
    indices = inputs if isinstance(inputs, ir.Value) else g.cast(inputs, "int64")
    rank = g.rank(indices)
    axis = op.axis % (rank + 1)
    classes = np.arange(op.num_classes).reshape([-1] + [1] * (rank - axis))
    dtype = require_dtype(indices)
    matches = g.Equal(g.Unsqueeze(indices, [axis]), g.cast(classes, dtype))
    as_int = g.cast(matches, ir.DataType.INT32)
    return reduce(g, "ReduceMax", as_int, [1 if rank > 1 else 0])
