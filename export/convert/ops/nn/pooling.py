"""Pooling over windows of a given size."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.spatial import (
    in_channels_first,
    padding_attributes,
    per_axis,
    same_pads,
    spatial_sizes,
)
from keras_acts.export.convert.common.windows import (
    average_pool_by_windows,
    needs_windows,
)
from keras_acts.export.convert.registry import converts

_WIDE_INTEGERS = {
    *(ir.DataType.INT16, ir.DataType.UINT16, ir.DataType.INT32, ir.DataType.UINT32),
    ir.DataType.INT64,
}


@converts("nn.MaxPool")
def max_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    """Map `ops.max_pool` to MaxPool, channels first."""
    compute = functools.partial(_maximum, g, **_window(g, op, inputs))
    dtype = require_dtype(inputs)
    if dtype in _WIDE_INTEGERS:  # which MaxPool lacks; float64 holds them exactly
        y = in_channels_first(g, op, g.cast(inputs, ir.DataType.DOUBLE), compute)
        return g.cast(y, dtype)
    return in_channels_first(g, op, inputs, compute)


@converts("nn.AveragePool")
def average_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    """Map `ops.average_pool` to AveragePool without the padding, channels first.

    Keras's torch backend replicates the edges if the padding is uneven; the file
    follows the other backends. Of integers the average is one, rounded towards 0, where
    the backend's is.
    """
    compute = functools.partial(average, g, **_window(g, op, inputs))
    dtype = require_dtype(inputs)
    if not dtype.is_floating_point():
        y = in_channels_first(g, op, g.cast(inputs, ir.DataType.DOUBLE), compute)
        return g.cast(y, g.dtype(g.spec.dtype))
    return in_channels_first(g, op, inputs, compute)


def _window(g: GraphBuilder, op: Any, inputs: ir.Value) -> dict[str, Any]:
    """Return the attributes of a pooling operator."""
    rank = g.rank(inputs) - 2
    window = per_axis(op.pool_size, rank)
    strides = window if op.strides is None else per_axis(op.strides, rank)
    sizes = spatial_sizes(g, op, inputs)
    padding = padding_attributes(sizes, window, strides, op.padding)
    return {"kernel_shape": window, "strides": strides, **padding}


def _maximum(g: GraphBuilder, x: ir.Value, **attributes: Any) -> ir.Value:
    """Append a MaxPool, with an explicit Pad where windows have gaps."""
    window, strides = attributes["kernel_shape"], attributes["strides"]
    if "auto_pad" in attributes and any(map(operator.lt, window, strides)):
        # If windows have gaps, onnxruntime computes negative pads and rejects them.
        del attributes["auto_pad"]
        starts, ends = same_pads(g, x, window, strides)
        x = g.Pad(x, g.Concat(starts, ends, axis=0), -math.inf)
    return g.MaxPool(x, **attributes)


def average(g: GraphBuilder, x: ir.Value, **attributes: Any) -> ir.Value:
    """Append the average over windows, excluding the padding."""
    if needs_windows(g, x):
        return average_pool_by_windows(g, x, **attributes)
    return g.AveragePool(x, **attributes)
