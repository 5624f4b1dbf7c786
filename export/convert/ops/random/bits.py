"""Draws for opsets whose random operators onnxruntime has no kernels of: by Dropout.

From opset 22 on RandomNormalLike, RandomUniformLike, Bernoulli and Multinomial don't
run, and Dropout does. In training mode it keeps half of its input, which are the bits
of a number.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder

NO_KERNELS = 22
"""The first opset of which onnxruntime 1.32 has no random operator but Dropout."""

_BITS = {ir.DataType.FLOAT: 23, ir.DataType.DOUBLE: 32}


def uniform(g: GraphBuilder, shape: ir.Value, to: ir.DataType) -> ir.Value:
    """Return numbers between 0 and 1, exclusive, that are new in each run.

    onnxruntime takes Dropout for a function. So mode and ratio depend on an input of
    the model, lest it be computed once, and each draw drops of another number, lest one
    take the place of another.

    Args:
        shape: The sizes, as a tensor.
        to: float32 or float64.
    """
    bits = _BITS[to]
    drawn = sum(node.op_type == "Dropout" for node in g.nodes)
    number = g.constant(np.asarray(1 + drawn, np.float32))
    filled = g.Expand(number, g.Concat(shape, np.asarray([bits], np.int64), axis=0))
    is_training = g.GreaterOrEqual(g.Size(g.inputs[0]), np.int64(0))
    ratio = g.Where(is_training, np.float32(0.5), np.float32(0.0))
    kept = g.Greater(g.Dropout(filled, ratio, is_training), np.float32(0.0))
    weights = (0.5 ** np.arange(1, bits + 1)).astype(to.numpy())
    return g.Add(g.MatMul(g.cast(kept, to), weights), 0.5 ** (bits + 1))
