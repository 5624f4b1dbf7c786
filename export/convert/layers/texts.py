"""Lookups of strings in a vocabulary, and texts split into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, strings
from keras_acts.export.convert.common.encodings import LEFT_OUT, encoded
from keras_acts.export.convert.common.words import Words, ngrams, packed, words
from keras_acts.export.convert.registry import register_converter
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.keras_patches import reads

PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
"""What Keras strips."""

_LOWERED = ("lower", "lower_and_strip_punctuation")
_STRIPPED = ("strip_punctuation", "lower_and_strip_punctuation")


@register_converter(keras.layers.StringLookup)
def string_lookup(
    g: GraphBuilder, layer: keras.layers.StringLookup, inputs: ir.Value
) -> ir.Value:
    """Map `StringLookup` to a LabelEncoder, in both directions, and encode the indices.

    Without OOV indices, Keras raises an error for a string outside the vocabulary; the
    file gives it the index -1, or zeros in an encoding.
    """
    if layer.invert:
        table, other = _tokens(layer)
        return strings.label_encoder(g, g.cast(inputs, "int64"), table, other)
    return encoded(g, layer, _looked_up(g, layer, inputs))


@register_converter(keras.layers.TextVectorization)
def text_vectorization(
    g: GraphBuilder, layer: keras.layers.TextVectorization, inputs: ir.Value
) -> ir.Value:
    """Map `TextVectorization` to a StringSplit and a LabelEncoder.

    StringNormalizer lowers the texts; each character of punctuation is cut out by a
    StringSplit and a Loop that joins the parts.
    """
    how = reads.vectorization(layer)
    _check_vectorization(how)
    found = _words(g, how, inputs)
    if how.ngrams:
        found = ngrams(g, found, how.ngrams)
    indices = _looked_up(g, how.lookup, found.words)
    if how.lookup.output_mode != "int":
        return encoded(g, how.lookup, indices)
    if how.ngrams:
        indices = packed(g, found, indices)
    if how.output_sequence_length is None:
        return indices
    return _of_length(g, indices, how.output_sequence_length)


def _check_vectorization(how: reads.Vectorization) -> None:
    """Raise an error for what no standard operator does."""
    if how.ragged:
        raise UnsupportedOperationError(
            "ONNX has no ragged tensors: pad the words with `ragged=False`. "
            "Received: ragged=True"
        )
    for name, value in (("standardize", how.standardize), ("split", how.split)):
        if callable(value):
            raise UnsupportedOperationError(
                f"ONNX can't say a function as `{name}`, which calls TensorFlow on "
                "strings: apply it before the model, and leave it None here. "
                f"Received: {name}={value!r}"
            )
    if how.split == "character":
        raise UnsupportedOperationError(
            "ONNX has no operator that splits strings into characters: put a space "
            "behind each character before the model, and split by 'whitespace'. "
            "Received: split='character'"
        )


def _words(g: GraphBuilder, how: reads.Vectorization, texts: ir.Value) -> Words:
    """Return the words of texts, along a new last axis if they are split here."""
    shape = g.static_shape(texts)
    sizes = [g.size(texts, axis) for axis in range(len(shape))]
    flat = texts
    if how.standardize is not None or how.split is not None:
        flat = g.Reshape(texts, [-1])
    if how.standardize in _LOWERED:
        flat = strings.lowered(g, flat)
    if how.standardize in _STRIPPED:
        flat = strings.replaced(g, flat, PUNCTUATION, "")
    if how.split is None:
        if flat is texts:
            return Words(texts, None)
        whole = g.Reshape(flat, g.shape(*sizes))
        return Words(g.with_shape(whole, shape), None)
    found = words(g, flat)
    if len(shape) < 3:
        return found
    wide = g.Reshape(found.words, g.shape(*sizes[:-1], g.size(found.words, 1)))
    return Words(g.with_shape(wide, (*shape[:-1], None)), found.lengths)


def _looked_up(g: GraphBuilder, layer: Any, texts: ir.Value) -> ir.Value:
    """Return the indices of strings; encodings leave the mask token out."""
    if layer.sparse:
        raise UnsupportedOperationError(
            "ONNX has no sparse tensors: look strings up with `sparse=False`. "
            "Received: sparse=True"
        )
    if layer.num_oov_indices > 1:
        raise UnsupportedOperationError(
            "ONNX has no hash of strings, which distributes those outside the "
            "vocabulary: give them one index, `num_oov_indices=1`. "
            f"Received: num_oov_indices={layer.num_oov_indices}"
        )
    table, other = _indices(layer)
    return strings.label_encoder(g, texts, table, other)


def _indices(layer: Any) -> tuple[Mapping[str, int], int]:
    """Return the index of each token, and that of all others."""
    start = reads.first_token(layer)
    table = {token: start + i for i, token in enumerate(_vocabulary(layer))}
    other = reads.first_unknown(layer) if layer.num_oov_indices else -1
    if layer.mask_token is not None:
        table[layer.mask_token] = 0 if layer.output_mode == "int" else LEFT_OUT
    return table or {"": other}, other


def _tokens(layer: Any) -> tuple[Mapping[int, str], str]:
    """Return the token of each index, and that of all others."""
    start = reads.first_token(layer)
    table = {start + i: token for i, token in enumerate(_vocabulary(layer))}
    if layer.mask_token is not None:
        table[0] = layer.mask_token
    return table or {0: layer.oov_token}, layer.oov_token


def _vocabulary(layer: Any) -> list[str]:
    """Return the tokens as onnxruntime reads them, in UTF-8."""
    if not reads.has_vocabulary(layer):
        raise UnsupportedOperationError(
            f"The lookup '{layer.name}' has no vocabulary yet: call `adapt`, or give "
            "one as `vocabulary`. Received: vocabulary=None"
        )
    tokens = layer.get_vocabulary(include_special_tokens=False)
    try:
        return [str(token).encode(layer.encoding).decode() for token in tokens]
    except UnicodeError as error:
        raise UnsupportedOperationError(
            "ONNX has strings in UTF-8 alone: look them up with `encoding='utf-8'`. "
            f"Received: encoding={layer.encoding!r} ({error})"
        ) from error


def _of_length(g: GraphBuilder, indices: ir.Value, length: int) -> ir.Value:
    """Cut the last axis at a length, or fill it up with zeros."""
    *outer, _ = g.static_shape(indices)
    last = len(outer)
    sizes = [g.size(indices, axis) for axis in range(last)]
    zeros = g.Expand(np.int64(0), g.shape(*sizes, length))
    longer = g.Concat(indices, zeros, axis=last)
    return g.with_shape(g.Slice(longer, [0], [length], [last]), (*outer, length))
