"""Poolings over windows of a given size."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
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


@converts("nn.MaxPool")
def max_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    compute = functools.partial(_maximum, g, **_window(g, op, inputs))
    return in_channels_first(g, op, inputs, compute)


@converts("nn.AveragePool")
def average_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    """Append an average pooling, of the real pixels alone.

    Keras's torch backend repeats the image's edges where pads are uneven; the file does
    as the other backends do.
    """
    compute = functools.partial(average, g, **_window(g, op, inputs))
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
    window, strides = attributes["kernel_shape"], attributes["strides"]
    if "auto_pad" in attributes and any(map(operator.lt, window, strides)):
        # Where windows leave gaps, onnxruntime finds negative pads and refuses them.
        del attributes["auto_pad"]
        starts, ends = same_pads(g, x, window, strides)
        x = g.Pad(x, g.Concat(starts, ends, axis=0), -math.inf)
    result: ir.Value = g.MaxPool(x, **attributes)
    return result


def average(g: GraphBuilder, x: ir.Value, **attributes: Any) -> ir.Value:
    """Append the average over windows, of what is no pad in each."""
    if needs_windows(g, x):
        return average_pool_by_windows(g, x, **attributes)
    result: ir.Value = g.AveragePool(x, **attributes)
    return result
