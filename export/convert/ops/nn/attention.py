"""Attention as two matrix products and a softmax.

The operator Attention of opset 23 is not used: on onnxruntime's CPU it is up to a
quarter faster without a mask, but up to a third slower with one. It rejects masks that
broadcast over the queries, and returns zeros for fully masked rows, where Keras returns
the mean. Without transposes, ONNX 1.18 expands it wrongly for runtimes without a
kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.ops.nn.normalization import at_least_float32
from keras_acts.export.convert.registry import converts
from keras_acts.export.lowering.values import scalar_like

# From (batch, positions, heads, depth) to heads before positions, and back.
_HEADS_FIRST = (0, 2, 1, 3)
_HEADS_FIRST_TRANSPOSED = (0, 2, 3, 1)
# The value that Keras gives masked logits, as a fraction of the largest number.
_MASKED = -0.7


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
    """Map `ops.dot_product_attention` to MatMul, Softmax and MatMul.

    If there are fewer key heads, a group of query heads shares one.
    """
    q, k, v = (
        _half_to_float32(g, g.cast(x, g.spec.dtype)) for x in (query, key, value)
    )
    heads, groups = _heads(g, q), _heads(g, k)
    # Scaling the queries is less work than scaling the logits, and keeps products in
    # half precision in range. onnxruntime fuses the factor into the next product.
    queries = _regroup_heads(g, transposed(g, q, _HEADS_FIRST), groups)
    scaled = g.Mul(queries, _scale(g, q, scale))
    products = _product(g, scaled, transposed(g, k, _HEADS_FIRST_TRANSPOSED))
    logits = _soft_cap(g, _regroup_heads(g, products, heads), op.attn_logits_soft_cap)
    if bias is not None:
        logits = g.Add(logits, g.cast(bias, require_dtype(logits)))
    keep = _combined_mask(g, mask, _causal_mask(g, q, k) if op.is_causal else None)
    logits = logits if keep is None else _apply_mask(g, logits, keep)
    weights = g.Softmax(logits, axis=-1)
    averages = _product(
        g, _regroup_heads(g, weights, groups), transposed(g, v, _HEADS_FIRST)
    )
    return transposed(g, _regroup_heads(g, averages, heads), _HEADS_FIRST)


def _half_to_float32(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Cast half precision to float32, except on CUDA, which accumulates in float32."""
    return x if g.target == "cuda" else at_least_float32(g, x)


def _scale(g: GraphBuilder, q: ir.Value, given: Operand) -> Operand:
    if given is not None:
        return g.cast(given, require_dtype(q))
    depth = g.static_shape(q)[3]
    if depth is not None:
        return 1.0 / math.sqrt(depth)
    size = g.cast(g.size(q, 3), require_dtype(q))
    return g.Reciprocal(g.Sqrt(size))


def _heads(g: GraphBuilder, x: ir.Value) -> Size:
    known = g.static_shape(x)[2]
    return g.size(x, 2) if known is None else known


def _regroup_heads(g: GraphBuilder, x: ir.Value, heads: Size) -> ir.Value:
    """Split positions among more heads, or merge the heads of a group into one."""
    if isinstance(heads, ir.Value):
        return g.Reshape(x, g.shape(0, heads, -1, 0))
    return x if heads == g.static_shape(x)[1] else g.Reshape(x, [0, heads, -1, 0])


def _product(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return g.MatMul(a, b)


def _soft_cap(g: GraphBuilder, logits: ir.Value, cap: float | None) -> ir.Value:
    """Bound logits smoothly, as Keras does on TPUs."""
    if cap is None:
        return logits
    return g.Mul(g.Tanh(g.Div(logits, float(cap))), float(cap))


def _combined_mask(
    g: GraphBuilder, mask: Operand, causal: ir.Value | None
) -> ir.Value | None:
    """Return a mask of the logits to keep, broadcastable to them."""
    if mask is None:
        return causal
    given = g.cast(mask, "bool")
    return given if causal is None else g.And(given, causal)


def _causal_mask(g: GraphBuilder, q: ir.Value, k: ir.Value) -> ir.Value:
    rows, columns = (_positions(g, x) for x in (q, k))
    return g.GreaterOrEqual(g.Unsqueeze(rows, [1]), columns)


def _positions(g: GraphBuilder, x: ir.Value) -> ir.Value:
    count = g.static_shape(x)[1]
    if count is not None:
        return g.constant(np.arange(count))
    return g.Range(0, g.Squeeze(g.size(x, 1), [0]), 1)


def _apply_mask(g: GraphBuilder, logits: ir.Value, keep: ir.Value) -> ir.Value:
    """Lower masked logits; a fully masked row becomes constant.

    Adding the small mask is less work than a Where, and equivalent: next to such a
    large number, float32 logits vanish. In half precision they might not.
    """
    dtype = require_dtype(logits)
    low = scalar_like(g, _MASKED * float(dtype.max), logits)
    if dtype in (ir.DataType.FLOAT16, ir.DataType.BFLOAT16):
        return g.Where(keep, logits, low)
    return g.Add(logits, g.Where(keep, scalar_like(g, 0.0, logits), low))
