"""Texts split into words, and words joined to n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, strings
from keras_acts.export.builder.versions import reduce

WHITESPACE = "\t\n\v\f\r"
"""What TensorFlow splits texts at beside spaces."""


@dataclass(frozen=True)
class Words:
    """The words of texts, filled up with empty strings.

    Attributes:
        words: Strings, with the words of a text along the last axis.
        lengths: How many words each text has; None where that is the whole axis.
        kept: Which of them are words, if the gaps are not at the end.
    """

    words: ir.Value
    lengths: ir.Value | None
    kept: ir.Value | None = None


def words(g: GraphBuilder, texts: ir.Value) -> Words:
    """Split texts at whitespace by StringSplit, which knows spaces alone.

    Args:
        g: The graph builder.
        texts: Strings, one axis.
    """
    texts = strings.replaced(g, texts, WHITESPACE, " ")
    found, lengths = g.StringSplit(texts, outputs=2)
    count = g.static_shape(texts)[0]
    return Words(g.with_shape(found, (count, None)), g.with_shape(lengths, (count,)))


def ngrams(g: GraphBuilder, found: Words, widths: Sequence[int]) -> Words:
    """Join each so many words that follow one another, for each width in turn."""
    if found.lengths is None:
        return _ngrams_of_all(g, found.words, widths)
    rows, _ = g.static_shape(found.words)
    places = g.Range(np.int64(0), g.Squeeze(g.size(found.words, 1), [0]), np.int64(1))
    joined, kept = [], []
    for width in widths:
        ends = g.Add(places, np.int64(width))
        whole = g.LessOrEqual(ends, g.Unsqueeze(found.lengths, [1]))
        part = _joined(g, found.words, width)
        joined.append(g.Where(whole, part, strings.text(g, "")))
        kept.append(whole)
    many = g.with_shape(g.Concat(*joined, axis=1), (rows, None))
    return Words(many, found.lengths, g.Concat(*kept, axis=1))


def _ngrams_of_all(g: GraphBuilder, words: ir.Value, widths: Sequence[int]) -> Words:
    """Join words that fill the whole last axis."""
    *outer, known = g.static_shape(words)
    last, parts = len(outer), []
    for width in widths:
        count = g.Max(g.Sub(g.size(words, last), np.int64(width - 1)), np.int64(0))
        parts.append(g.Slice(_joined(g, words, width), [0], count, [last]))
    size = None if known is None else sum(max(known - w + 1, 0) for w in widths)
    return Words(g.with_shape(g.Concat(*parts, axis=last), (*outer, size)), None)


def _joined(g: GraphBuilder, words: ir.Value, width: int) -> ir.Value:
    """Join each word along the last axis with the following; gaps are at the end."""
    last = g.rank(words) - 1
    size = g.size(words, last)
    outer = [g.size(words, axis) for axis in range(last)]
    gaps = g.Expand(strings.text(g, ""), g.shape(*outer, width - 1))
    longer = g.Concat(words, gaps, axis=last)
    result = words
    for i in range(1, width):
        later = g.Slice(longer, [i], g.Add(size, np.int64(i)), [last])
        spaced = g.StringConcat(result, strings.text(g, " "))
        result = g.StringConcat(spaced, later)
    return result


def packed(g: GraphBuilder, found: Words, indices: ir.Value) -> ir.Value:
    """Move the indices of words to the front of each row, and cut the common rest."""
    if found.kept is None:
        return indices
    places = g.CumSum(g.cast(found.kept, "int64"), np.int64(1))
    count, size = g.size(indices, 0), g.size(indices, 1)
    slots = g.Where(found.kept, g.Sub(places, np.int64(1)), size)
    zeros = g.Expand(np.int64(0), g.shape(count, g.Add(size, np.int64(1))))
    moved = g.ScatterElements(zeros, slots, indices, axis=1)
    # With a 0 beside them, since onnxruntime finds no maximum of nothing.
    every = g.Concat(g.Reshape(places, [-1]), [0], axis=0)
    most = reduce(g, "ReduceMax", every, [0], keepdims=True)
    # The Reshape says that the rows are still the same.
    return g.Reshape(g.Slice(moved, [0], most, [1]), g.shape(count, most))
