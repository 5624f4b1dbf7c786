"""The lookup of integers in a fixed vocabulary."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.encodings import LEFT_OUT, encoded
from keras_acts.export.convert.registry import register_converter
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.keras_patches import reads

Array = np.ndarray[Any, Any]


@register_converter(keras.layers.IntegerLookup)
def integer_lookup(
    g: GraphBuilder, layer: keras.layers.IntegerLookup, inputs: ir.Value
) -> ir.Value:
    """Map `IntegerLookup` to a search in the vocabulary, or to a Gather if inverted.

    Without OOV indices, Keras raises an error for a number outside the vocabulary; the
    file gives it the index -1, or zeros in an encoding.
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
    return encoded(g, layer, indices)


def _tokens(g: GraphBuilder, layer: Any, x: ir.Value, tokens: Array) -> ir.Value:
    """Return the integers for indices."""
    start = reads.first_token(layer)
    table = np.append(tokens, layer.oov_token)
    inside = g.And(g.GreaterOrEqual(x, start), g.Less(x, np.int64(start + len(tokens))))
    index = g.Where(inside, g.Sub(x, start), np.int64(len(tokens)))
    looked_up = g.Gather(table, index, axis=0)
    if layer.mask_token is None:
        return looked_up
    return g.Where(g.Equal(x, 0), np.int64(layer.mask_token), looked_up)


def _indices(g: GraphBuilder, layer: Any, x: ir.Value, tokens: Array) -> ir.Value:
    """Return the indices of integers; encodings leave the mask token out."""
    oov_index = reads.first_unknown(layer)
    if layer.num_oov_indices == 0:
        oov: Any = np.int64(-1)
    elif layer.num_oov_indices == 1:
        oov = np.int64(oov_index)
    elif layer.oov_method == "floormod":
        oov = g.Add(g.Mod(x, layer.num_oov_indices), oov_index)
    else:
        raise UnsupportedOperationError(
            "ONNX has no hash of strings: distribute integers outside the "
            "vocabulary with `oov_method='floormod'`. "
            f"Received: oov_method={layer.oov_method!r}"
        )
    indices = _binary_search(g, x, tokens, reads.first_token(layer), oov)
    if layer.mask_token is None:
        return indices
    index = 0 if layer.output_mode == "int" else LEFT_OUT
    return g.Where(g.Equal(x, layer.mask_token), np.int64(index), indices)


def _binary_search(
    g: GraphBuilder, x: ir.Value, tokens: Array, start: int, oov: Any
) -> ir.Value:
    """Find integers in a sorted vocabulary, by Gather and comparison at each step."""
    if not len(tokens):
        return g.Where(g.Equal(x, x), oov, x)
    order = np.argsort(tokens)
    steps = max(int(len(tokens) - 1).bit_length(), 0)
    padded = np.full(2**steps, tokens[order[-1]])
    padded[: len(tokens)] = tokens[order]
    indices = np.full(2**steps, order[-1] + start, np.int64)
    indices[: len(tokens)] = order + start
    index: Any = np.int64(0)
    for step in reversed(range(steps)):
        candidate = g.Add(index, np.int64(2**step))
        not_above = g.LessOrEqual(g.Gather(padded, candidate, axis=0), x)
        index = g.Where(not_above, candidate, index)
    found = g.Equal(g.Gather(padded, index, axis=0), x)
    return g.Where(found, g.Gather(indices, index, axis=0), oov)
