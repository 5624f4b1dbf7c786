"""Losses, and other measures of the difference between predictions and targets."""

from __future__ import annotations

import math
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.ops.numpy.mathematics.elementwise import log1p
from keras_acts.export.convert.registry import converts


def _clipped(g: GraphBuilder, x: ir.Value) -> ir.Value:
    epsilon = keras.config.epsilon()
    return g.Clip(x, epsilon, 1.0 - epsilon)


def _log_probabilities(
    g: GraphBuilder, op: Any, output: ir.Value, axis: int
) -> ir.Value:
    if op.from_logits:
        return g.LogSoftmax(output, axis=axis)
    total = reduce(g, "ReduceSum", output, [axis], keepdims=True)
    return g.Log(_clipped(g, g.Div(output, total)))


@converts("nn.BinaryCrossentropy")
def binary_crossentropy(
    g: GraphBuilder, op: Any, target: Operand, output: Operand
) -> ir.Value:
    """Map `ops.binary_crossentropy` to logarithms, element by element."""
    target, output = promoted(g, target, output)
    if op.from_logits:
        # log(1 + e^x) - x * target, as max(x, 0) - x * target + log(1 + e^-|x|).
        base = g.Sub(g.Relu(output), g.Mul(output, target))
        rest = log1p(g, g.Exp(g.Neg(g.Abs(output))))
        return g.Add(base, g.cast(rest, require_dtype(base)))
    output = _clipped(g, output)
    yes = g.Mul(target, g.Log(output))
    no = g.Mul(g.Sub(1.0, target), g.Log(g.Sub(1.0, output)))
    return g.Neg(g.Add(yes, no))


@converts("nn.CategoricalCrossentropy")
def categorical_crossentropy(
    g: GraphBuilder, op: Any, target: Operand, output: Operand
) -> ir.Value:
    """Map `ops.categorical_crossentropy` to LogSoftmax or Log, Mul and ReduceSum."""
    target, output = promoted(g, target, output)
    axis = op.axis % g.rank(output)
    products = g.Mul(target, _log_probabilities(g, op, output, axis))
    return _with_loss_shape(
        g, g.Neg(reduce(g, "ReduceSum", products, [axis])), output, axis
    )


@converts("nn.SparseCategoricalCrossentropy")
def sparse_categorical_crossentropy(
    g: GraphBuilder, op: Any, target: Operand, output: Operand
) -> ir.Value:
    """Map `ops.sparse_categorical_crossentropy` to log probabilities and a gather."""
    (output,) = promoted(g, output)
    axis = op.axis % g.rank(output)
    indices = g.cast(target, "int64")
    if g.rank(indices) == g.rank(output):
        indices = g.Squeeze(indices, [-1])
    gathered = g.GatherElements(
        _log_probabilities(g, op, output, axis), g.Unsqueeze(indices, [axis]), axis=axis
    )
    return _with_loss_shape(g, g.Neg(g.Squeeze(gathered, [axis])), output, axis)


def _with_loss_shape(
    g: GraphBuilder, x: ir.Value, output: ir.Value, axis: int
) -> ir.Value:
    """Set the shape of a loss: that of the predictions without the classes."""
    sizes = list(g.static_shape(output))
    del sizes[axis]
    return g.with_shape(x, sizes)


@converts("nn.PSNR")
def psnr(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.psnr` to the logarithm of the mean squared error, a scalar."""
    difference = g.Sub(*promoted(g, x1, x2))
    mean = reduce(g, "ReduceMean", g.Mul(difference, difference))
    decibels = g.Mul(g.Log(mean), -10.0 / math.log(10.0))
    return g.Add(decibels, 20.0 * math.log10(op.max_val))
