"""Connectionist temporal classification: labels without a time for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.loops import scan
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import indices_along
from keras_acts.export.convert.common.slices import END
from keras_acts.export.convert.ops.numpy.mathematics.arithmetic import logaddexp
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

IMPOSSIBLE = -1e5
"""The logarithm of a probability of zero: infinities would make differences NaN."""


@converts("nn.CTCLoss")
def ctc_loss(
    g: GraphBuilder,
    op: Any,
    target: Operand,
    output: ir.Value,
    target_length: Operand,
    output_length: Operand,
) -> ir.Value:
    """Sum the probabilities of all ways to the labels, one time after the other.

    A way is in a label, or in the blank before one or behind the last.
    """
    logits = g.cast(output, g.spec.dtype)
    labels, steps, lengths = (
        g.cast(x, "int64") for x in (target, output_length, target_length)
    )
    batch, times, _ = g.static_shape(logits)
    count = g.static_shape(labels)[1]
    all_logs = g.LogSoftmax(logits, axis=2)
    g.with_shape(all_logs, g.static_shape(logits))
    blank = int(op.mask_index)
    blanks = g.with_shape(g.Gather(all_logs, [blank], axis=2), [batch, times, 1])
    emitted = g.with_shape(_of_labels(g, all_logs, labels), [batch, times, count])
    place = indices_along(g, logits, 1)
    runs = g.with_shape(g.Less(place, g.Unsqueeze(steps, [1])), [batch, times])
    same = g.Equal(g.Slice(labels, [0], [-1], [1]), g.Slice(labels, [1], [END], [1]))
    # Between two labels that are the same there must be a blank.
    repeated = g.Pad(g.cast(same, require_dtype(logits)), [0, 0, 0, 1])
    through, around = (g.Mul(x, IMPOSSIBLE) for x in (repeated, g.Sub(1.0, repeated)))

    def step(
        carried: list[ir.Value], now: list[ir.Value]
    ) -> tuple[Sequence[ir.Value], Sequence[ir.Value]]:
        (rest, inside), (here, between, running) = carried, now
        before = _entered(g, rest, g.Add(inside, through))
        stays = logaddexp(
            g, g.Add(g.Slice(before, [0], [-1], [1]), here), g.Add(inside, here)
        )
        waits = g.Add(g.Add(inside, between), around)
        after = _entered(g, g.Add(before, between), waits)
        running = g.Unsqueeze(running, [1])
        new = g.Where(running, after, rest), g.Where(running, stays, inside)
        for value, old in zip(new, carried, strict=True):
            g.with_shape(value, g.static_shape(old))
        return new, ()

    none = g.cast(np.full((), IMPOSSIBLE), require_dtype(logits))
    inside = g.with_shape(g.Expand(none, g.Shape(labels)), [batch, count])
    first = g.Mul(g.Slice(inside, [0], [1], [1]), 0.0)
    more = None if count is None else count + 1
    rest = g.with_shape(g.Concat(first, inside, axis=1), [batch, more])
    (rest, inside), _ = scan(g, step, [rest, inside], [emitted, blanks, runs], axis=1)
    ends = _entered(g, rest, inside)
    found = g.GatherElements(ends, g.Unsqueeze(lengths, [1]), axis=1)
    return g.with_shape(g.Neg(g.Squeeze(found, [1])), [batch])


def _of_labels(g: GraphBuilder, x: ir.Value, labels: ir.Value) -> ir.Value:
    """Return the logarithms of the labels' probabilities at each time.

    Labels that only fill a row up may be no class.
    """
    classes = g.Sub(g.size(x, 2), [1])
    known = g.Max(g.Min(labels, classes), np.int64(0))
    times = g.shape(g.size(x, 0), g.size(x, 1), g.size(labels, 1))
    places = g.Expand(g.Unsqueeze(known, [1]), times)
    found: ir.Value = g.GatherElements(x, places, axis=2)
    return found


def _entered(g: GraphBuilder, rest: ir.Value, added: ir.Value) -> ir.Value:
    """Add to the ways in the blanks those that come out of the labels before them."""
    others = logaddexp(g, g.Slice(rest, [1], [END], [1]), added)
    entered: ir.Value = g.Concat(g.Slice(rest, [0], [1], [1]), others, axis=1)
    return entered


@converts("nn.CTCDecode")
def ctc_decode(
    g: GraphBuilder, op: Any, inputs: ir.Value, sequence_lengths: Operand
) -> tuple[ir.Value, ir.Value]:
    """Take the best class of each time; what is blank or repeated moves to the end."""
    if op.strategy != "greedy":
        raise UnsupportedOperationError(
            "ONNX has no beam search whose beams are merged: decode the exported "
            "logits outside, or with `strategy='greedy'`. "
            f"Received: strategy={op.strategy!r}"
        )
    scores = g.cast(inputs, g.spec[1].dtype)
    batch, times, classes = g.static_shape(scores)
    blank = (classes or 0) - 1 if op.mask_index is None else int(op.mask_index)
    place = indices_along(g, scores, 1)
    ends = g.Unsqueeze(g.cast(sequence_lengths, "int64"), [1])
    over = g.GreaterOrEqual(place, ends)
    best = g.Where(over, np.int64(blank), g.ArgMax(scores, axis=2, keepdims=0))
    highest = reduce(g, "ReduceMax", scores, [2])
    total = reduce(g, "ReduceSum", g.Where(over, 0.0, highest), [1], keepdims=True)
    empty = g.Equal(best, np.int64(blank))
    if op.merge_repeated:
        same = g.Equal(g.Slice(best, [0], [-1], [1]), g.Slice(best, [1], [END], [1]))
        again = g.Pad(g.cast(same, ir.DataType.INT64), [0, 1, 0, 0])
        empty = g.Or(empty, g.cast(again, "bool"))
    length = g.size(scores, 1)
    order = g.Where(empty, g.Add(place, length), place)
    _, sorted_ = g.TopK(order, length, outputs=2, axis=1, largest=0)
    labels = g.Where(empty, np.int64(-1), best)
    decoded = g.GatherElements(labels, sorted_, axis=1)
    result = g.with_shape(g.Unsqueeze(decoded, [0]), [1, batch, times])
    return result, g.Neg(total)
