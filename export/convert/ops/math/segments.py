"""Reductions over the rows of a tensor that have the same number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.registry import converts

_INTEGERS = (ir.DataType.INT32, ir.DataType.INT64)
_FLOATS = (ir.DataType.FLOAT, ir.DataType.DOUBLE)


@dataclass(frozen=True)
class _Reduction:
    """How rows are reduced: ONNX's names, and what an empty segment has."""

    scatter: str
    operator: str
    empty_float: float
    empty_integer: Any

    def empty(self, dtype: ir.DataType) -> np.ndarray[Any, Any]:
        """Return what a segment without rows has."""
        if dtype.is_floating_point():
            return np.asarray(self.empty_float, dtype.numpy())
        return np.asarray(self.empty_integer(np.iinfo(dtype.numpy())), dtype.numpy())


_REDUCTIONS = {
    "math.SegmentSum": _Reduction("add", "ReduceSum", 0.0, lambda _: 0),
    "math.SegmentProd": _Reduction("mul", "ReduceProd", 1.0, lambda _: 1),
    "math.SegmentMax": _Reduction("max", "ReduceMax", -np.inf, lambda i: i.min),
    "math.SegmentMin": _Reduction("min", "ReduceMin", np.inf, lambda i: i.max),
}


def _reduces(kind: str, reduction: _Reduction) -> None:
    @converts(kind)
    def convert(
        g: GraphBuilder, op: Any, data: ir.Value, segment_ids: ir.Value
    ) -> ir.Value:
        """Rows of a number that is negative or too large belong to no segment."""
        dtype = _computed_in(require_dtype(data))
        rows, numbers = g.cast(data, dtype), g.cast(segment_ids, "int64")
        empty = reduction.empty(require_dtype(data)).astype(dtype.numpy())
        if op.num_segments is None:
            last = reduce(g, "ReduceMax", numbers, [0], keepdims=True)
            count = g.with_shape(g.Add(last, [1]), (1,))
        else:
            count = g.constant(np.asarray([int(op.num_segments)], np.int64))
        # ONNX scatters by maximum and minimum from opset 18 on.
        scatters = g.opset >= 18 or reduction.scatter in ("add", "mul")
        compute = _scattered if scatters else _masked
        result = compute(g, reduction, rows, numbers, count, empty)
        sizes = g.static_shape(data)[1:]
        if op.num_segments is None and None not in sizes:
            # Shape inference loses sizes beside one that the values decide.
            result = g.Reshape(result, [-1, *sizes])
        return g.with_shape(result, [op.num_segments, *sizes])


def _computed_in(dtype: ir.DataType) -> ir.DataType:
    if dtype in (*_INTEGERS, *_FLOATS):
        return dtype
    return ir.DataType.FLOAT if dtype.is_floating_point() else ir.DataType.INT32


def _scattered(
    g: GraphBuilder,
    reduction: _Reduction,
    rows: ir.Value,
    numbers: ir.Value,
    count: ir.Value,
    empty: np.ndarray[Any, Any],
) -> ir.Value:
    """Reduce into one segment more, for the rows that belong to none."""
    known = g.And(g.GreaterOrEqual(numbers, 0), g.Less(numbers, count))
    places = g.Unsqueeze(g.Where(known, numbers, count), [1])
    sizes = [g.size(rows, axis) for axis in range(1, g.rank(rows))]
    one_more = g.with_shape(g.Add(count, [1]), (1,))
    start = g.Expand(empty, g.shape(one_more, *sizes))
    every = g.ScatterND(start, places, rows, reduction=reduction.scatter)
    return g.Slice(every, [0], count, [0])


def _masked(
    g: GraphBuilder,
    reduction: _Reduction,
    rows: ir.Value,
    numbers: ir.Value,
    count: ir.Value,
    empty: np.ndarray[Any, Any],
) -> ir.Value:
    """Reduce every row for every segment, those of others as if empty."""
    segments = g.Range(np.int64(0), g.Squeeze(count, [0]), np.int64(1))
    mine = g.Equal(g.Unsqueeze(segments, [1]), numbers)
    rank = g.rank(rows)
    rows = g.Unsqueeze(rows, [0])
    if rank > 1:
        mine = g.Unsqueeze(mine, list(range(2, rank + 1)))
    return reduce(g, reduction.operator, g.Where(mine, rows, empty), [1])


for _kind, _reduction in _REDUCTIONS.items():
    _reduces(_kind, _reduction)
