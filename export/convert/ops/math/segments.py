"""Reductions over the rows of a tensor that have the same segment id."""

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
    """The ONNX names of a reduction, and its value for an empty segment."""

    scatter: str
    operator: str
    empty_float: float
    empty_integer: Any

    def empty(self, dtype: ir.DataType) -> np.ndarray[Any, Any]:
        """Return the value of an empty segment."""
        if dtype.is_floating_point():
            return np.asarray(self.empty_float, dtype.numpy())
        return np.asarray(self.empty_integer(np.iinfo(dtype.numpy())), dtype.numpy())


_REDUCTIONS = {
    "math.SegmentSum": _Reduction("add", "ReduceSum", 0.0, lambda _: 0),
    "math.SegmentProd": _Reduction("mul", "ReduceProd", 1.0, lambda _: 1),
    "math.SegmentMax": _Reduction("max", "ReduceMax", -np.inf, lambda i: i.min),
    "math.SegmentMin": _Reduction("min", "ReduceMin", np.inf, lambda i: i.max),
}


def _register(kind: str, reduction: _Reduction) -> None:
    """Register the converter of a segment reduction."""

    @converts(kind)
    def convert(
        g: GraphBuilder, op: Any, data: ir.Value, segment_ids: ir.Value
    ) -> ir.Value:
        """Map a segment reduction to ScatterND, or to a masked reduction.

        Rows whose id is negative or too large belong to no segment.
        """
        dtype = _kernel_dtype(require_dtype(data))
        rows, ids = g.cast(data, dtype), g.cast(segment_ids, "int64")
        empty = reduction.empty(require_dtype(data)).astype(dtype.numpy())
        if op.num_segments is None:
            last = reduce(g, "ReduceMax", ids, [0], keepdims=True)
            count = g.Add(last, [1])
        else:
            count = g.shape(op.num_segments)
        # ScatterND reduces by maximum and minimum from opset 18 on.
        scatters = g.opset >= 18 or reduction.scatter in ("add", "mul")
        compute = _scatter if scatters else _reduce_masked
        result = compute(g, reduction, rows, ids, count, empty)
        sizes: Any = g.static_shape(data)[1:]
        known = op.num_segments if isinstance(op.num_segments, int) else None
        if known is None and None not in sizes:
            # Shape inference loses all sizes if one depends on values.
            result = g.Reshape(result, [-1, *sizes])
        return g.with_shape(result, [known, *sizes])


def _kernel_dtype(dtype: ir.DataType) -> ir.DataType:
    """Return the dtype with kernels in which to compute."""
    if dtype in (*_INTEGERS, *_FLOATS):
        return dtype
    return ir.DataType.FLOAT if dtype.is_floating_point() else ir.DataType.INT32


def _scatter(
    g: GraphBuilder,
    reduction: _Reduction,
    rows: ir.Value,
    ids: ir.Value,
    count: ir.Value,
    empty: np.ndarray[Any, Any],
) -> ir.Value:
    """Reduce with ScatterND, into an extra segment for rows that belong to none."""
    valid = g.And(g.GreaterOrEqual(ids, 0), g.Less(ids, count))
    indices = g.Unsqueeze(g.Where(valid, ids, count), [1])
    sizes = [g.size(rows, axis) for axis in range(1, g.rank(rows))]
    initial = g.Expand(empty, g.shape(g.Add(count, [1]), *sizes))
    segments = g.ScatterND(initial, indices, rows, reduction=reduction.scatter)
    return g.Slice(segments, [0], count, [0])


def _reduce_masked(
    g: GraphBuilder,
    reduction: _Reduction,
    rows: ir.Value,
    ids: ir.Value,
    count: ir.Value,
    empty: np.ndarray[Any, Any],
) -> ir.Value:
    """Reduce all rows for each segment, with other segments' rows masked."""
    segments = g.Range(np.int64(0), g.Squeeze(count, [0]), np.int64(1))
    is_member = g.Equal(g.Unsqueeze(segments, [1]), ids)
    rank = g.rank(rows)
    rows = g.Unsqueeze(rows, [0])
    if rank > 1:
        is_member = g.Unsqueeze(is_member, list(range(2, rank + 1)))
    return reduce(g, reduction.operator, g.Where(is_member, rows, empty), [1])


for _kind, _reduction in _REDUCTIONS.items():
    _register(_kind, _reduction)
