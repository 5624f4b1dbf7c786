"""The lookup of integers in a fixed vocabulary."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.registry import register_converter
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.keras_patches import private

Array = np.ndarray[Any, Any]

_LARGEST = int(np.iinfo(np.int64).max)


@register_converter(keras.layers.IntegerLookup)
def integer_lookup(
    g: GraphBuilder, layer: keras.layers.IntegerLookup, inputs: ir.Value
) -> ir.Value:
    """Append the indices of integers, or the integers of indices, or their encoding.

    Without an index for what is not in the vocabulary, Keras raises an error where it
    meets such a number; the file gives it the index -1, or no place in an encoding.
    """
    if layer.sparse:
        raise UnsupportedOperationError(
            "ONNX has no sparse tensors: look integers up with `sparse=False`. "
            "Received: sparse=True"
        )
    x = g.cast(inputs, ir.DataType.INT64)
    tokens = np.asarray(layer.get_vocabulary(include_special_tokens=False), np.int64)
    if layer.invert:
        return _tokens(g, layer, x, tokens)
    indices = _indices(g, layer, x, tokens)
    return _encoded(g, layer, g.with_shape(indices, g.static_shape(inputs)))


def _tokens(g: GraphBuilder, layer: Any, x: ir.Value, tokens: Array) -> ir.Value:
    """Return the integers of indices."""
    start = private.first_token(layer)
    table = np.append(tokens, layer.oov_token)
    inside = g.And(g.GreaterOrEqual(x, start), g.Less(x, np.int64(start + len(tokens))))
    place = g.Where(inside, g.Sub(x, start), np.int64(len(tokens)))
    found = g.Gather(table, place, axis=0)
    if layer.mask_token is None:
        return found
    return g.Where(g.Equal(x, 0), np.int64(layer.mask_token), found)


def _indices(g: GraphBuilder, layer: Any, x: ir.Value, tokens: Array) -> ir.Value:
    """Return the indices of integers; the mask's is beyond all in an encoding."""
    outside = private.first_unknown(layer)
    if layer.num_oov_indices == 0:
        others: Any = np.int64(-1)
    elif layer.num_oov_indices == 1:
        others = np.int64(outside)
    elif layer.oov_method == "floormod":
        others = g.Add(g.Mod(x, layer.num_oov_indices), outside)
    else:
        raise UnsupportedOperationError(
            "ONNX has no hash of strings: spread integers that are not in the "
            "vocabulary with `oov_method='floormod'`. "
            f"Received: oov_method={layer.oov_method!r}"
        )
    found = _found(g, x, tokens, private.first_token(layer), others)
    if layer.mask_token is None:
        return found
    index = 0 if layer.output_mode == "int" else _LARGEST
    return g.Where(g.Equal(x, layer.mask_token), np.int64(index), found)


def _found(
    g: GraphBuilder, x: ir.Value, tokens: Array, start: int, others: Any
) -> ir.Value:
    """Find integers among sorted ones by halves; the last of those not above is it."""
    if not len(tokens):
        return g.Where(g.Equal(x, x), others, x)
    order = np.argsort(tokens)
    steps = max(int(len(tokens) - 1).bit_length(), 0)
    filled = np.full(2**steps, tokens[order[-1]])
    filled[: len(tokens)] = tokens[order]
    indices = np.full(2**steps, order[-1] + start, np.int64)
    indices[: len(tokens)] = order + start
    place: Any = np.int64(0)
    for step in reversed(range(steps)):
        further = g.Add(place, np.int64(2**step))
        within = g.LessOrEqual(g.Gather(filled, further, axis=0), x)
        place = g.Where(within, further, place)
    same = g.Equal(g.Gather(filled, place, axis=0), x)
    return g.Where(same, g.Gather(indices, place, axis=0), others)


def _encoded(g: GraphBuilder, layer: Any, indices: ir.Value) -> ir.Value:
    mode, shape = layer.output_mode, g.static_shape(indices)
    if mode == "int":
        return indices
    padded = layer.pad_to_max_tokens
    depth = layer.max_tokens if padded else private.frozen_vocabulary_size(layer)
    if mode == "one_hot" and len(shape) > 1 and shape[-1] == 1:
        indices = g.Squeeze(indices, [-1])
    here = g.Equal(g.Unsqueeze(indices, [-1]), np.arange(int(depth)))
    if mode == "one_hot":
        return here
    # Keras sums up the second axis, whatever the rank.
    axis = [min(len(shape) - 1, 1)]
    if mode == "multi_hot":
        return reduce(g, "ReduceMax", g.cast(here, ir.DataType.INT64), axis)
    counts = reduce(g, "ReduceSum", g.cast(here, ir.DataType.INT64), axis)
    if mode == "count":
        return counts
    weights = layer.idf_weights_const.numpy()
    return g.Mul(g.cast(counts, g.spec.dtype), g.cast(weights, g.spec.dtype))
