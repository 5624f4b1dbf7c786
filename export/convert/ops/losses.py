"""Losses and measures: how far predictions are from targets."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.ops.arithmetic import promoted
from keras_acts.export.convert.ops.elementwise import log1p
from keras_acts.export.convert.registry import converts


def _clipped(g: GraphBuilder, x: ir.Value) -> ir.Value:
    epsilon = keras.config.epsilon()
    return g.Clip(x, epsilon, 1.0 - epsilon)


def _log_probabilities(
    g: GraphBuilder, op: Any, output: ir.Value, axis: int
) -> ir.Value:
    if op.from_logits:
        logits: ir.Value = g.LogSoftmax(output, axis=axis)
        return logits
    total = reduce(g, "ReduceSum", output, [axis], keepdims=True)
    return g.Log(_clipped(g, g.Div(output, total)))


@converts("nn.BinaryCrossentropy")
def binary_crossentropy(
    g: GraphBuilder, op: Any, target: Operand, output: Operand
) -> ir.Value:
    target, output = promoted(g, target, output)
    if op.from_logits:
        # log(1 + e^x) - x * target, from the larger of 0 and x up.
        above = g.Sub(g.Relu(output), g.Mul(output, target))
        return g.Add(above, g.cast(log1p(g, g.Exp(g.Neg(g.Abs(output)))), above.dtype))
    output = _clipped(g, output)
    yes = g.Mul(target, g.Log(output))
    no = g.Mul(g.Sub(1.0, target), g.Log(g.Sub(1.0, output)))
    return g.Neg(g.Add(yes, no))


@converts("nn.CategoricalCrossentropy")
def categorical_crossentropy(
    g: GraphBuilder, op: Any, target: Operand, output: Operand
) -> ir.Value:
    target, output = promoted(g, target, output)
    axis = op.axis % g.rank(output)
    products = g.Mul(target, _log_probabilities(g, op, output, axis))
    return _without(g, g.Neg(reduce(g, "ReduceSum", products, [axis])), output, axis)


@converts("nn.SparseCategoricalCrossentropy")
def sparse_categorical_crossentropy(
    g: GraphBuilder, op: Any, target: Operand, output: Operand
) -> ir.Value:
    (output,) = promoted(g, output)
    axis = op.axis % g.rank(output)
    places = g.cast(target, "int64")
    if g.rank(places) == g.rank(output):
        places = g.Squeeze(places, [-1])
    found = g.GatherElements(
        _log_probabilities(g, op, output, axis), g.Unsqueeze(places, [axis]), axis=axis
    )
    return _without(g, g.Neg(g.Squeeze(found, [axis])), output, axis)


def _without(g: GraphBuilder, x: ir.Value, output: ir.Value, axis: int) -> ir.Value:
    """Note the sizes of a loss: those of the predictions but for the classes."""
    sizes = list(g.static_shape(output))
    del sizes[axis]
    return g.with_shape(x, sizes)


@converts("nn.PSNR")
def psnr(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    difference = g.Sub(*promoted(g, x1, x2))
    mean = reduce(g, "ReduceMean", g.Mul(difference, difference))
    decibels = g.Mul(g.Log(mean), -10.0 / math.log(10.0))
    return g.Add(decibels, 20.0 * math.log10(op.max_val))


@converts("math.InTopK")
def in_top_k(
    g: GraphBuilder, op: Any, targets: Operand, predictions: Operand
) -> ir.Value:
    """Whether fewer than k are larger than the target's; a tie is in."""
    places = g.Unsqueeze(g.cast(targets, "int64"), [-1])
    scores = (
        g.cast(predictions, "float32")
        if not isinstance(predictions, ir.Value)
        else predictions
    )
    own = g.GatherElements(scores, places, axis=g.rank(scores) - 1)
    larger = g.cast(g.Greater(scores, own), ir.DataType.INT64)
    count = reduce(g, "ReduceSum", larger, [g.rank(scores) - 1])
    return g.Less(count, np.int64(op.k))


@converts("math.CDist")
def cdist(g: GraphBuilder, op: Any, x: Operand, y: Operand) -> ir.Value:
    x, y = promoted(g, x, y)
    difference = g.Sub(g.Unsqueeze(x, [-2]), g.Unsqueeze(y, [-3]))
    rank = max(g.rank(x), g.rank(y))
    return reduce(g, "ReduceL2", difference, [rank])


@converts("nn.MultiHot")
def multi_hot(g: GraphBuilder, op: Any, inputs: Operand) -> ir.Value:
    """Whether a class is among those of a sample: along the axis before the last."""
    places = inputs if isinstance(inputs, ir.Value) else g.cast(inputs, "int64")
    rank = g.rank(places)
    axis = op.axis % (rank + 1)
    classes = np.arange(op.num_classes).reshape([-1] + [1] * (rank - axis))
    dtype = require_dtype(places)
    here = g.Equal(g.Unsqueeze(places, [axis]), g.cast(classes, dtype))
    among = g.cast(here, ir.DataType.INT32)
    return reduce(g, "ReduceMax", among, [1 if rank > 1 else 0])
