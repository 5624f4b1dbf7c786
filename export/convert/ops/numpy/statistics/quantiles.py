"""Medians, quantiles and percentiles, also of what remains without NaN."""

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
class _Rows:
    """Rows in rising order.

    Attributes:
        values: The rows along the last axis.
        last: In float64 the place of each row's last element that counts, on an axis of
            its own or the same for all; negative where none does.
        nan: Whether a row's quantile is NaN, shaped as `last`, or None where none is.
        of_each: Whether `last` differs from row to row.
    """

    values: ir.Value
    last: ir.Value
    nan: ir.Value | None
    of_each: bool

    def at(self, g: GraphBuilder, places: ir.Value) -> ir.Value:
        """Return each row's elements at places, which lie along the last axis."""
        index = g.cast(g.Max(places, 0.0), ir.DataType.INT64)
        if not self.of_each:
            return g.Gather(self.values, index, axis=-1)
        return g.GatherElements(self.values, index, axis=-1)


def _rows(g: GraphBuilder, op: Any, x: ir.Value, skip_nan: bool) -> _Rows:
    """Sort what a quantile is taken of; NaN goes behind all else."""
    kept, may_be_nan = _kept(g, op, x), is_float(x)
    x = half_to_float32(g, *promoted(g, x))
    x = transposed(g, x, [*kept, *(i for i in range(g.rank(x)) if i not in kept)])
    flat = g.Reshape(x, [*[0] * len(kept), -1])
    flat = g.with_shape(flat, [*g.static_shape(x)[: len(kept)], None])
    if not may_be_nan:
        return _sorted(g, flat, None, None)
    absent = g.IsNaN(flat)
    clean = g.Where(absent, np.asarray(np.inf, require_dtype(x).numpy()), flat)
    clean = g.with_shape(clean, g.static_shape(flat))
    missing = reduce(g, "ReduceSum", g.cast(absent, DOUBLE), [-1], keepdims=True)
    if not skip_nan:
        return _sorted(g, clean, None, g.Greater(missing, 0.0))
    last = g.Sub(_last(g, flat), missing)
    return _sorted(g, clean, last, g.Less(last, 0.0))


def _kept(g: GraphBuilder, op: Any, x: ir.Value) -> list[int]:
    axes = axes_of(g, op, x)
    return [] if axes is None else [i for i in range(g.rank(x)) if i not in axes]


def _last(g: GraphBuilder, flat: ir.Value) -> ir.Value:
    return g.Sub(g.cast(g.size(flat, -1), DOUBLE), 1.0)


def _sorted(
    g: GraphBuilder, flat: ir.Value, last: ir.Value | None, nan: ir.Value | None
) -> _Rows:
    values, _ = g.TopK(flat, g.size(flat, -1), outputs=2, axis=-1, largest=0)
    return _Rows(values, last or _last(g, flat), nan, last is not None)


Method = Callable[[GraphBuilder, _Rows, ir.Value], ir.Value]


def _linear(g: GraphBuilder, rows: _Rows, place: ir.Value) -> ir.Value:
    below = g.Floor(place)
    low, high = rows.at(g, below), rows.at(g, g.Ceil(place))
    weight = g.cast(g.Sub(place, below), require_dtype(low))
    rest = g.Sub(g.cast(1.0, require_dtype(low)), weight)
    between = g.Add(g.Mul(low, rest), g.Mul(high, weight))
    return g.Where(g.Equal(low, high), low, between)  # Infinities have no distance.


def _midpoint(g: GraphBuilder, rows: _Rows, place: ir.Value) -> ir.Value:
    low, high = rows.at(g, g.Floor(place)), rows.at(g, g.Ceil(place))
    return g.Add(g.Mul(low, 0.5), g.Mul(high, 0.5))


METHODS: dict[str, Method] = {
    "linear": _linear,
    "lower": lambda g, rows, place: rows.at(g, g.Floor(place)),
    "higher": lambda g, rows, place: rows.at(g, g.Ceil(place)),
    "midpoint": _midpoint,
    "nearest": lambda g, rows, place: rows.at(g, g.Round(place)),
}
"""How to take a value between two; the backends of Keras have these."""


def quantile(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    q: Operand,
    *,
    skip_nan: bool,
    of: float = 1.0,
) -> ir.Value:
    """Append quantiles: each between the two elements around its place in order.

    Args:
        g: The graph builder.
        op: The operation, with `axis`, `keepdims` and `method`.
        x: What they are taken of.
        q: Which: a number or a vector, whose axis comes first in the result.
        skip_nan: Leave NaN out; otherwise it makes the quantile NaN.
        of: The number that stands for the whole.
    """
    method = getattr(op, "method", "linear")
    if method not in METHODS:
        raise UnsupportedOperationError(
            f"`method` must be one of {sorted(METHODS)}. Received: method={method!r}"
        )
    rows = _rows(g, op, x, skip_nan)
    share = _share(g, q, of)
    place = g.Mul(g.Reshape(share, [-1]), rows.last)
    result = METHODS[method](g, rows, place)
    if rows.nan is not None:
        nan = np.asarray(np.nan, require_dtype(result).numpy())
        result = g.Where(rows.nan, nan, result)
    return _shaped(g, op, x, g.rank(share), result)


def _share(g: GraphBuilder, q: Operand, of: float) -> ir.Value:
    if isinstance(q, ir.Value):
        return g.with_shape(g.Div(g.cast(q, DOUBLE), of), g.static_shape(q))
    return g.constant(np.asarray(q, np.float64) / of)


def _shaped(
    g: GraphBuilder, op: Any, x: ir.Value, rank: int, result: ir.Value
) -> ir.Value:
    """Bring the axis of quantiles to the front, and back the axes that are gone."""
    kept = _kept(g, op, x)
    count = len(kept)
    if rank == 0:
        result = g.Squeeze(result, [count])
    elif count:
        result = g.Transpose(result, perm=[count, *range(count)])
    if not op.keepdims:
        return result
    gone = [i + rank for i in range(g.rank(x)) if i not in kept]
    return g.Unsqueeze(result, gone) if gone else result


def _registered(kind: str, *, skip_nan: bool, of: float) -> None:
    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value, q: Operand) -> ir.Value:
        return quantile(g, op, x, q, skip_nan=skip_nan, of=of)


_registered("numpy.Quantile", skip_nan=False, of=1.0)
_registered("numpy.Percentile", skip_nan=False, of=100.0)
_registered("numpy.Nanquantile", skip_nan=True, of=1.0)
_registered("numpy.Nanpercentile", skip_nan=True, of=100.0)


@converts("numpy.Median")
def median(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return quantile(g, op, x, 0.5, skip_nan=False)


@converts("numpy.Nanmedian")
def nanmedian(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return quantile(g, op, x, 0.5, skip_nan=True)
