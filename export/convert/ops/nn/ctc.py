"""Connectionist temporal classification (CTC): its loss and its decoding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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

LOG_ZERO = -1e5
"""The logarithm of a probability of 0; with -inf, differences would be NaN."""


@converts("nn.CTCLoss")
def ctc_loss(
    g: GraphBuilder,
    op: Any,
    target: Operand,
    output: ir.Value,
    target_length: Operand,
    output_length: Operand,
) -> ir.Value:
    """Map `ops.ctc_loss` to a Scan over time that sums the probabilities of all paths.

    A path is in a label, or in the blank before a label or after the last one.
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
    label_logs = g.with_shape(
        _label_log_probabilities(g, all_logs, labels), [batch, times, count]
    )
    time_indices = indices_along(g, logits, 1)
    is_running = g.with_shape(
        g.Less(time_indices, g.Unsqueeze(steps, [1])), [batch, times]
    )
    dtype = require_dtype(logits)
    step = partial(_step, g, *_penalties(g, labels, dtype))
    (in_blank, in_label), _ = scan(
        g,
        step,
        _log_zeros(g, labels, dtype, (batch, count)),
        [label_logs, blanks, is_running],
        axis=1,
    )
    totals = _add_transitions(g, in_blank, in_label)
    total = g.GatherElements(totals, g.Unsqueeze(lengths, [1]), axis=1)
    return g.with_shape(g.Neg(g.Squeeze(total, [1])), [batch])


def _penalties(
    g: GraphBuilder, labels: ir.Value, dtype: ir.DataType
) -> tuple[ir.Value, ir.Value]:
    """Return `LOG_ZERO` for labels that the next one repeats, and for all others.

    There must be a blank between two equal labels.
    """
    same = g.Equal(g.Slice(labels, [0], [-1], [1]), g.Slice(labels, [1], [END], [1]))
    repeated = g.Pad(g.cast(same, dtype), [0, 0, 0, 1])
    others = g.Sub(1.0, repeated)
    return g.Mul(repeated, LOG_ZERO), g.Mul(others, LOG_ZERO)


def _log_zeros(
    g: GraphBuilder,
    labels: ir.Value,
    dtype: ir.DataType,
    shape: tuple[int | None, int | None],
) -> list[ir.Value]:
    """Return the initial log probabilities: a path starts in the first blank."""
    batch, count = shape
    log_zero = g.cast(np.full((), LOG_ZERO), dtype)
    in_label = g.with_shape(g.Expand(log_zero, g.Shape(labels)), [batch, count])
    first = g.Mul(g.Slice(in_label, [0], [1], [1]), 0.0)
    blank_count = None if count is None else count + 1
    in_blank = g.with_shape(g.Concat(first, in_label, axis=1), [batch, blank_count])
    return [in_blank, in_label]


def _step(
    g: GraphBuilder,
    repeat_penalty: ir.Value,
    skip_penalty: ir.Value,
    carried: list[ir.Value],
    slices: list[ir.Value],
) -> tuple[Sequence[ir.Value], Sequence[ir.Value]]:
    """Append the step of one time: log probabilities of paths in blanks and labels."""
    (in_blank, in_label), (label_log, blank_log, running) = carried, slices
    entered = _add_transitions(g, in_blank, g.Add(in_label, repeat_penalty))
    label_total = logaddexp(
        g,
        g.Add(g.Slice(entered, [0], [-1], [1]), label_log),
        g.Add(in_label, label_log),
    )
    from_label = g.Add(g.Add(in_label, blank_log), skip_penalty)
    blank_total = _add_transitions(g, g.Add(entered, blank_log), from_label)
    running = g.Unsqueeze(running, [1])
    new = (
        g.Where(running, blank_total, in_blank),
        g.Where(running, label_total, in_label),
    )
    for value, old in zip(new, carried, strict=True):
        g.with_shape(value, g.static_shape(old))
    return new, ()


def _label_log_probabilities(
    g: GraphBuilder, x: ir.Value, labels: ir.Value
) -> ir.Value:
    """Return the log probabilities of the labels at each time.

    Labels that pad a row may be out of range.
    """
    classes = g.Sub(g.size(x, 2), [1])
    clipped = g.Max(g.Min(labels, classes), np.int64(0))
    times = g.shape(g.size(x, 0), g.size(x, 1), g.size(labels, 1))
    indices = g.Expand(g.Unsqueeze(clipped, [1]), times)
    return g.GatherElements(x, indices, axis=2)


def _add_transitions(
    g: GraphBuilder, in_blank: ir.Value, from_label: ir.Value
) -> ir.Value:
    """Add the paths that leave the labels to those in the blanks after them."""
    later = logaddexp(g, g.Slice(in_blank, [1], [END], [1]), from_label)
    return g.Concat(g.Slice(in_blank, [0], [1], [1]), later, axis=1)


@converts("nn.CTCDecode")
def ctc_decode(
    g: GraphBuilder, op: Any, inputs: ir.Value, sequence_lengths: Operand
) -> tuple[ir.Value, ir.Value]:
    """Map greedy `ops.ctc_decode` to ArgMax, with blanks and repeats at the end."""
    if op.strategy != "greedy":
        raise UnsupportedOperationError(
            "ONNX has no beam search whose beams are merged: decode the exported "
            "logits outside, or with `strategy='greedy'`. "
            f"Received: strategy={op.strategy!r}"
        )
    scores = g.cast(inputs, g.spec[1].dtype)
    batch, times, classes = g.static_shape(scores)
    blank = (classes or 0) - 1 if op.mask_index is None else int(op.mask_index)
    time_indices = indices_along(g, scores, 1)
    ends = g.Unsqueeze(g.cast(sequence_lengths, "int64"), [1])
    is_padding = g.GreaterOrEqual(time_indices, ends)
    best = g.Where(is_padding, np.int64(blank), g.ArgMax(scores, axis=2, keepdims=0))
    highest = reduce(g, "ReduceMax", scores, [2])
    total = reduce(
        g, "ReduceSum", g.Where(is_padding, 0.0, highest), [1], keepdims=True
    )
    is_dropped = g.Equal(best, np.int64(blank))
    if op.merge_repeated:
        same = g.Equal(g.Slice(best, [0], [-1], [1]), g.Slice(best, [1], [END], [1]))
        repeats = g.Pad(g.cast(same, ir.DataType.INT64), [0, 1, 0, 0])
        is_dropped = g.Or(is_dropped, g.cast(repeats, "bool"))
    length = g.size(scores, 1)
    order = g.Where(is_dropped, g.Add(time_indices, length), time_indices)
    _, permutation = g.TopK(order, length, outputs=2, axis=1, largest=0)
    labels = g.Where(is_dropped, np.int64(-1), best)
    decoded = g.GatherElements(labels, permutation, axis=1)
    result = g.with_shape(g.Unsqueeze(decoded, [0]), [1, batch, times])
    return result, g.Neg(total)
