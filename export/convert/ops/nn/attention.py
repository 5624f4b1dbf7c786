"""Attention as two products around a softmax.

Not as the operator Attention of opset 23, whose kernel for the CPU in onnxruntime is up
to a quarter faster without a mask, and up to a third slower with one: it refuses masks
that broadcast over the queries and gives zeros for rows that are masked whole, where
Keras gives the mean. Its fast form, without transposes, was expanded wrongly by ONNX
1.18 where a runtime has no kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.ops.nn.normalization import at_least_float32
from keras_acts.export.convert.registry import converts
from keras_acts.export.lowering.values import scalar_like

# From (batch, positions, heads, depth), with the heads before the positions, and back.
_HEADS_FIRST = (0, 2, 1, 3)
_HEADS_FIRST_TRANSPOSED = (0, 2, 3, 1)
# What Keras puts where a mask drops a logit, as a part of the largest number.
_DROPPED = -0.7


@converts("nn.DotProductAttention")
def dot_product_attention(
    g: GraphBuilder,
    op: Any,
    query: ir.Value,
    key: ir.Value,
    value: ir.Value,
    bias: Operand = None,
    mask: Operand = None,
    scale: Operand = None,
) -> ir.Value:
    """Where there are fewer heads of keys, the queries of a group share one."""
    q, k, v = (_wide(g, g.cast(x, g.spec.dtype)) for x in (query, key, value))
    heads, groups = g.static_shape(q)[2], g.static_shape(k)[2]
    # To scale the queries is less work than to scale the logits, and keeps a product of
    # halves in range. onnxruntime makes the factor a part of the product behind it.
    first = _in_heads(g, transposed(g, q, _HEADS_FIRST), groups)
    scaled = g.with_shape(g.Mul(first, _scale(g, q, scale)), g.static_shape(first))
    products = _product(g, scaled, transposed(g, k, _HEADS_FIRST_TRANSPOSED))
    logits = _capped(g, _in_heads(g, products, heads), op.attn_logits_soft_cap)
    sizes = g.static_shape(logits)
    if bias is not None:
        logits = g.Add(logits, g.cast(bias, require_dtype(logits)))
    kept = _kept(g, mask, _causal(g, q, k) if op.is_causal else None)
    logits = logits if kept is None else _masked(g, logits, kept)
    weights = g.with_shape(g.Softmax(logits, axis=-1), sizes)
    sums = _product(g, _in_heads(g, weights, groups), transposed(g, v, _HEADS_FIRST))
    return transposed(g, _in_heads(g, sums, heads), _HEADS_FIRST)


def _wide(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Cast halves up, as CPUs have to; on CUDA sums are in float32 anyway."""
    return x if g.target == "cuda" else at_least_float32(g, x)


def _scale(g: GraphBuilder, q: ir.Value, given: Operand) -> Operand:
    if given is not None:
        return g.cast(given, require_dtype(q))
    depth = g.static_shape(q)[3]
    if depth is not None:
        return 1.0 / math.sqrt(depth)
    size: ir.Value = g.cast(g.size(q, 3), require_dtype(q))
    return g.Reciprocal(g.Sqrt(size))


def _in_heads(g: GraphBuilder, x: ir.Value, heads: int | None) -> ir.Value:
    """Divide positions into more heads, or put the heads of a group into one."""
    batch, present, positions, depth = g.static_shape(x)
    if heads is None or present is None or heads == present:
        return x
    size = None if positions is None else positions * present // heads
    return g.with_shape(g.Reshape(x, [0, heads, -1, 0]), (batch, heads, size, depth))


def _product(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return g.with_shape(g.MatMul(a, b), (*g.static_shape(a)[:3], g.static_shape(b)[3]))


def _capped(g: GraphBuilder, logits: ir.Value, cap: float | None) -> ir.Value:
    """Bound logits smoothly, as Keras does on TPUs."""
    if cap is None:
        return logits
    bounded = g.Mul(g.Tanh(g.Div(logits, float(cap))), float(cap))
    return g.with_shape(bounded, g.static_shape(logits))


def _kept(g: GraphBuilder, mask: Operand, causal: ir.Value | None) -> ir.Value | None:
    """Return which logits count, broadcastable to them."""
    if mask is None:
        return causal
    given = g.cast(mask, "bool")
    return given if causal is None else g.And(given, causal)


def _causal(g: GraphBuilder, q: ir.Value, k: ir.Value) -> ir.Value:
    rows, columns = (_positions(g, x) for x in (q, k))
    return g.GreaterOrEqual(g.Unsqueeze(rows, [1]), columns)


def _positions(g: GraphBuilder, x: ir.Value) -> ir.Value:
    count = g.static_shape(x)[1]
    if count is not None:
        return g.constant(np.arange(count))
    return g.Range(0, g.Squeeze(g.size(x, 1), [0]), 1)


def _masked(g: GraphBuilder, logits: ir.Value, kept: ir.Value) -> ir.Value:
    """Lower the logits that are dropped, each row of nothing else to one number.

    A sum of the small mask is less work than a choice, and the same: against so large
    a number no float32 logit counts. Halves might.
    """
    dtype = require_dtype(logits)
    low = scalar_like(g, _DROPPED * float(dtype.max), logits)
    if dtype in (ir.DataType.FLOAT16, ir.DataType.BFLOAT16):
        return g.Where(kept, logits, low)
    return g.Add(logits, g.Where(kept, scalar_like(g, 0.0, logits), low))
