"""What quantized layers do to their weights."""

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
    """Split bytes into their low and high four bits, signed in int8.

    The file keeps the packed weight, half the size; onnxruntime folds these nodes when
    it loads the model. They are arithmetic, for shifts of int8 came after opset 17.
    """
    signed = require_dtype(packed) == ir.DataType.INT8
    wide = g.cast(packed, ir.DataType.INT32)
    low = g.Mod(wide, 16)  # of the divisor's sign, so 0 to 15
    high = g.Mod(g.Div(g.Sub(wide, low), 16), 16)
    halves = [g.Sub(g.Mod(g.Add(x, 8), 16), 8) if signed else x for x in (low, high)]
    sizes = [-1 if size is None else size for size in g.static_shape(packed)]
    pairs = g.Concat(*(g.Unsqueeze(x, [axis + 1]) for x in halves), axis=axis + 1)
    sizes[axis] = -1
    joined = g.Reshape(pairs, g.shape(*sizes))
    rows: ir.Value = g.Slice(joined, [0], [length], [axis])
    return g.cast(rows, require_dtype(packed))
