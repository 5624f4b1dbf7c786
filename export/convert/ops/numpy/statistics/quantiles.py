"""Medians, quantiles and percentiles, with or without NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import (
    half_to_float32,
    is_float,
    promoted,
)
from keras_acts.export.convert.common.reductions import axes_of
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

DOUBLE = ir.DataType.DOUBLE


@dataclass(frozen=True)
class _SortedRows:
    """Rows in ascending order.

    Attributes:
        values: The rows along the last axis.
        last_index: In float64, the index of each row's last valid element, on an axis
            of size 1, or of all rows; negative for a row without any.
        nan: Whether a row's quantile is NaN, in the shape of `last_index`, or None if
            none is.
        per_row: Whether `last_index` differs between rows.
    """

    values: ir.Value
    last_index: ir.Value
    nan: ir.Value | None
    per_row: bool

    def gather(self, g: GraphBuilder, positions: ir.Value) -> ir.Value:
        """Return each row's elements at positions along the last axis."""
        index = g.cast(g.Max(positions, 0.0), ir.DataType.INT64)
        if not self.per_row:
            return g.Gather(self.values, index, axis=-1)
        return g.GatherElements(self.values, index, axis=-1)


def _sort_rows(g: GraphBuilder, op: Any, x: ir.Value, skip_nan: bool) -> _SortedRows:
    """Sort the elements to take quantiles of, with NaN after all others."""
    remaining, may_be_nan = _remaining_axes(g, op, x), is_float(x)
    x = half_to_float32(g, *promoted(g, x))
    x = transposed(
        g, x, [*remaining, *(i for i in range(g.rank(x)) if i not in remaining)]
    )
    flat = g.Reshape(x, [*[0] * len(remaining), -1])
    flat = g.with_shape(flat, [*g.static_shape(x)[: len(remaining)], None])
    if not may_be_nan:
        return _top_k(g, flat, None, None)
    is_nan = g.IsNaN(flat)
    clean = g.Where(is_nan, np.asarray(np.inf, require_dtype(x).numpy()), flat)
    nan_count = reduce(g, "ReduceSum", g.cast(is_nan, DOUBLE), [-1], keepdims=True)
    if not skip_nan:
        return _top_k(g, clean, None, g.Greater(nan_count, 0.0))
    last_index = g.Sub(_last_index(g, flat), nan_count)
    return _top_k(g, clean, last_index, g.Less(last_index, 0.0))


def _remaining_axes(g: GraphBuilder, op: Any, x: ir.Value) -> list[int]:
    axes = axes_of(g, op, x)
    return [] if axes is None else [i for i in range(g.rank(x)) if i not in axes]


def _last_index(g: GraphBuilder, flat: ir.Value) -> ir.Value:
    return g.Sub(g.cast(g.size(flat, -1), DOUBLE), 1.0)


def _top_k(
    g: GraphBuilder, flat: ir.Value, last_index: ir.Value | None, nan: ir.Value | None
) -> _SortedRows:
    values, _ = g.TopK(flat, g.size(flat, -1), outputs=2, axis=-1, largest=0)
    return _SortedRows(
        values, last_index or _last_index(g, flat), nan, last_index is not None
    )


Method = Callable[[GraphBuilder, _SortedRows, ir.Value], ir.Value]


def _linear(g: GraphBuilder, rows: _SortedRows, position: ir.Value) -> ir.Value:
    """Interpolate linearly between the two nearest elements."""
    below = g.Floor(position)
    low, high = rows.gather(g, below), rows.gather(g, g.Ceil(position))
    weight = g.cast(g.Sub(position, below), require_dtype(low))
    complement = g.Sub(g.cast(1.0, require_dtype(low)), weight)
    mean = g.Add(g.Mul(low, complement), g.Mul(high, weight))
    return g.Where(g.Equal(low, high), low, mean)  # The mean of infinities may be NaN.


def _midpoint(g: GraphBuilder, rows: _SortedRows, position: ir.Value) -> ir.Value:
    """Return the mean of the two nearest elements."""
    low, high = rows.gather(g, g.Floor(position)), rows.gather(g, g.Ceil(position))
    return g.Add(g.Mul(low, 0.5), g.Mul(high, 0.5))


METHODS: dict[str, Method] = {
    "linear": _linear,
    "lower": lambda g, rows, position: rows.gather(g, g.Floor(position)),
    "higher": lambda g, rows, position: rows.gather(g, g.Ceil(position)),
    "midpoint": _midpoint,
    "nearest": lambda g, rows, position: rows.gather(g, g.Round(position)),
}
"""How to interpolate between two elements; the methods of Keras's backends."""


def quantile(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    q: Operand,
    *,
    skip_nan: bool,
    scale: float = 1.0,
) -> ir.Value:
    """Append quantiles: values between two consecutive elements in sorted order.

    Args:
        g: The graph builder.
        op: The operation, with `axis`, `keepdims` and `method`.
        x: The tensor.
        q: The quantiles: a number or a vector, whose axis comes first in the result.
        skip_nan: Whether to ignore NaN; otherwise the quantile is NaN.
        scale: The `q` of the largest element: 1, or 100 for percentiles.
    """
    method = getattr(op, "method", "linear")
    if method not in METHODS:
        raise UnsupportedOperationError(
            f"`method` must be one of {sorted(METHODS)}. Received: method={method!r}"
        )
    rows = _sort_rows(g, op, x, skip_nan)
    fraction = _fraction(g, q, scale)
    position = g.Mul(g.Reshape(fraction, [-1]), rows.last_index)
    result = METHODS[method](g, rows, position)
    if rows.nan is not None:
        nan = np.asarray(np.nan, require_dtype(result).numpy())
        result = g.Where(rows.nan, nan, result)
    return _restore_axes(g, op, x, g.rank(fraction), result)


def _fraction(g: GraphBuilder, q: Operand, scale: float) -> ir.Value:
    if isinstance(q, ir.Value):
        return g.Div(g.cast(q, DOUBLE), scale)
    return g.constant(np.asarray(q, np.float64) / scale)


def _restore_axes(
    g: GraphBuilder, op: Any, x: ir.Value, rank: int, result: ir.Value
) -> ir.Value:
    """Move the axis of quantiles to the front, and restore the reduced axes."""
    remaining = _remaining_axes(g, op, x)
    count = len(remaining)
    if rank == 0:
        result = g.Squeeze(result, [count])
    elif count:
        result = g.Transpose(result, perm=[count, *range(count)])
    if not op.keepdims:
        return result
    reduced = [i + rank for i in range(g.rank(x)) if i not in remaining]
    return g.Unsqueeze(result, reduced) if reduced else result


def _register(kind: str, *, skip_nan: bool, scale: float) -> None:
    """Register the converter of a quantile or percentile."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value, q: Operand) -> ir.Value:
        """Map a quantile to TopK and an interpolation of its values."""
        return quantile(g, op, x, q, skip_nan=skip_nan, scale=scale)


_register("numpy.Quantile", skip_nan=False, scale=1.0)
_register("numpy.Percentile", skip_nan=False, scale=100.0)
_register("numpy.Nanquantile", skip_nan=True, scale=1.0)
_register("numpy.Nanpercentile", skip_nan=True, scale=100.0)


@converts("numpy.Median")
def median(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.median` to the quantile 0.5."""
    return quantile(g, op, x, 0.5, skip_nan=False)


@converts("numpy.Nanmedian")
def nanmedian(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.nanmedian` to the quantile 0.5 without NaN."""
    return quantile(g, op, x, 0.5, skip_nan=True)
