"""Poolings over windows of a given size."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.ops.spatial import (
    in_channels_first,
    padding_attributes,
    per_axis,
    same_pads,
    spatial_sizes,
)
from keras_acts.export.convert.ops.windows import average_of_windows, needs_windows
from keras_acts.export.convert.registry import converts


@converts("nn.MaxPool")
def max_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    compute = functools.partial(_maximum, g, **_window(g, op, inputs))
    return in_channels_first(g, op, inputs, compute)


@converts("nn.AveragePool")
def average_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    """Append an average pooling; pads don't count in the average, but on torch."""
    attributes = _window(g, op, inputs)
    padded = "pads" in attributes or "auto_pad" in attributes
    on_torch = padded and keras.backend.backend() == "torch"
    compute = functools.partial(_average_on_torch if on_torch else average, g)
    return in_channels_first(g, op, inputs, functools.partial(compute, **attributes))


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
        return average_of_windows(g, x, **attributes)
    result: ir.Value = g.AveragePool(x, **attributes)
    return result


def _average_on_torch(g: GraphBuilder, x: ir.Value, **attributes: Any) -> ir.Value:
    """Append an average over an image repeated at its edges, where pads are uneven.

    Keras's torch backend does so wherever the pads before and behind an axis differ;
    where they don't, they count nowhere, as on the other backends.
    """
    window, strides = attributes["kernel_shape"], attributes["strides"]
    sizes, rank = g.static_shape(x)[2:], len(window)
    plain = functools.partial(average, g, kernel_shape=window, strides=strides)

    def repeated(amounts: Operand) -> ir.Value:
        return plain(g.Pad(x, amounts, mode="edge"))

    if all(
        size is not None or step == 1 for size, step in zip(sizes, strides, strict=True)
    ):
        starts, ends = attributes["pads"][:rank], attributes["pads"][rank:]
        uneven = starts != ends
        return (
            repeated([0, 0, *starts, 0, 0, *ends]) if uneven else plain(x, **attributes)
        )
    before, behind = same_pads(g, x, window, strides)
    most = reduce(g, "ReduceMax", g.Sub(behind, before))
    amounts = g.Concat(before, behind, axis=0)
    chosen: ir.Value = g.Where(
        g.cast(most, ir.DataType.BOOL), repeated(amounts), average(g, x, **attributes)
    )
    return chosen
