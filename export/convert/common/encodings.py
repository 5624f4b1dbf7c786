"""Indices of a vocabulary, encoded as Keras's lookup layers do."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.trace.keras_patches import reads

LEFT_OUT = int(np.iinfo(np.int64).max)
"""The index of what an encoding leaves out: the mask token."""


def encoded(g: GraphBuilder, layer: Any, indices: ir.Value) -> ir.Value:
    """Encode indices as the `output_mode` of a lookup layer says."""
    if layer.output_mode == "int":
        return indices
    padded = layer.pad_to_max_tokens
    depth = int(layer.max_tokens if padded else reads.frozen_vocabulary_size(layer))
    if layer.output_mode == "one_hot":
        return _one_hot(g, indices, depth)
    counts = _counts(g, indices, depth)
    if layer.output_mode == "multi_hot":
        return g.Min(counts, np.int64(1))
    if layer.output_mode == "count":
        return counts
    weights = layer.idf_weights_const.numpy()
    return g.Mul(g.cast(counts, g.spec.dtype), g.cast(weights, g.spec.dtype))


def _one_hot(g: GraphBuilder, indices: ir.Value, depth: int) -> ir.Value:
    """Compare each index with all; the classes replace a last axis of size 1."""
    shape = g.static_shape(indices)
    if len(shape) > 1 and shape[-1] == 1:
        indices = g.Squeeze(indices, [-1])
    return g.Equal(g.Unsqueeze(indices, [-1]), np.arange(depth))


def _counts(g: GraphBuilder, indices: ir.Value, depth: int) -> ir.Value:
    """Count each index along axis 1, which Keras reduces whatever the rank.

    The time and the memory depend on the texts and the result alone, not on their
    product, which may be large.
    """
    rank = g.rank(indices)
    if rank > 2:
        last = [0, *range(2, rank), 1]
        indices = g.Transpose(indices, perm=last)
    outside = g.Or(g.Less(indices, np.int64(0)), g.GreaterOrEqual(indices, depth))
    slots = g.Where(outside, np.int64(depth), indices)
    outer = [g.size(indices, i) for i in range(rank - 1)]
    zeros = g.Expand(np.int64(0), g.shape(*outer, depth + 1))
    ones = g.Expand(np.int64(1), g.Shape(slots))
    counts = g.ScatterElements(zeros, slots, ones, axis=rank - 1, reduction="add")
    return g.Slice(counts, [0], [depth], [rank - 1])
