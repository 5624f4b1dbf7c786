"""Unpacking of quantized weights."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.registry import converts


@converts("trace.UnpackInt4")
def unpack_int4(
    g: GraphBuilder, op: Any, packed: ir.Value, length: int, axis: int
) -> ir.Value:
    """Map the unpacking of int4 to arithmetic: a byte becomes two numbers.

    The file keeps the packed weight, at half the size; onnxruntime folds these nodes
    when it loads the model. They use arithmetic, since opset 17 has no shifts of int8.
    """
    signed = require_dtype(packed) == ir.DataType.INT8
    bytes_ = g.cast(packed, ir.DataType.INT32)
    low = g.Mod(bytes_, 16)  # has the sign of the divisor, so 0 to 15
    high = g.Mod(g.Div(g.Sub(bytes_, low), 16), 16)
    halves = [g.Sub(g.Mod(g.Add(x, 8), 16), 8) if signed else x for x in (low, high)]
    sizes = [-1 if size is None else size for size in g.static_shape(packed)]
    pairs = g.Concat(*(g.Unsqueeze(x, [axis + 1]) for x in halves), axis=axis + 1)
    sizes[axis] = -1
    joined = g.Reshape(pairs, g.shape(*sizes))
    rows = g.Slice(joined, [0], [length], [axis])
    return g.cast(rows, require_dtype(packed))
