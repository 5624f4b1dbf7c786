"""Singular values and vectors, by Jacobi's rotations.

Columns are turned in pairs until all are orthogonal; their lengths are the singular
values then. Half as many pairs as there are columns are turned at once, and the columns
change partners as players of a round-robin tournament do: as many rounds as columns
less one are a sweep. The vectors' signs are no rule's, so they may be other than those
of a backend, as the backends' own differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.loops import loop
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import (
    identity,
    to_float64,
    transpose,
)
from keras_acts.export.convert.ops.linalg.qr import reflected
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

SWEEPS = 40
"""The most rounds of all pairs. Matrices of 64 random columns need nine, of 400
fourteen, and those with many equal singular values up to 25."""

TURNED = 1e-15
"""The largest cosine between two columns for a sweep to be the last one."""


def _turns(columns: int) -> np.ndarray[Any, Any]:
    """Return where each player's next place is filled from: the first one stays."""
    half = columns // 2
    upper, lower = list(range(half)), list(range(half, columns))
    if half == 1:
        return np.asarray(upper + lower)
    return np.asarray([0, lower[0], *upper[1:-1], *lower[1:], upper[-1]])


def orthogonalized(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the columns turned orthogonal, and the turn as an orthogonal matrix."""
    *batch, rows, columns = g.static_shape(x)
    if columns is None:
        raise UnsupportedOperationError(
            "Singular values need a matrix with a known number of rows or of columns. "
            f"Received: shape={g.static_shape(x)}"
        )
    rank, even = g.rank(x), max(2, columns + columns % 2)
    if even > columns:
        x = g.Pad(x, [0] * (2 * rank - 1) + [even - columns])
        x = g.with_shape(x, [*batch, rows, even])
    high = g.size(x, -2)
    both = g.Concat(x, identity(g, x, even, rank - 1), axis=rank - 2)
    both = g.with_shape(both, [*batch, None if rows is None else rows + even, even])
    rounds = even - 1

    def step(
        number: ir.Value, carried: list[ir.Value]
    ) -> tuple[Sequence[ir.Value], Sequence[ir.Value]]:
        m, present, last = carried
        m, cosine = _turned(g, m, high, even, rank)
        place = g.Mod(number, np.int64(rounds))
        first = g.Equal(place, np.int64(0))
        present = g.Max(g.Where(first, 0.0, present), cosine)
        ended = g.Equal(place, np.int64(rounds - 1))
        return (m, present, g.Where(ended, present, last)), ()

    most, size = g.constant(np.asarray(SWEEPS * rounds, np.int64)), g.Shape(both)
    one = g.constant(np.ones(()))
    (both, _, _), _ = loop(
        g, step, [both, one, one], count=most, holds=lambda m: g.Greater(m[2], TURNED)
    )
    # A loop may change sizes, this one does not.
    both = g.Reshape(both, size)
    top = g.Slice(both, [0, 0], g.Concat(high, [columns], axis=0), [-2, -1])
    end = g.Add(high, [columns])
    turn = g.Slice(
        both, g.Concat(high, [0], axis=0), g.Concat(end, [columns], axis=0), [-2, -1]
    )
    return (
        g.with_shape(top, [*batch, rows, columns]),
        g.with_shape(turn, [*batch, columns, columns]),
    )


def _turned(
    g: GraphBuilder, m: ir.Value, high: ir.Value, columns: int, rank: int
) -> tuple[ir.Value, ir.Value]:
    """Turn each column with its partner by the angle that makes them orthogonal.

    Returns:
        The columns beside their next partners, and the largest cosine there was.
    """
    half = columns // 2
    p = g.Slice(m, [0], [half], [rank - 1])
    q = g.Slice(m, [half], [columns], [rank - 1])

    def product(one: ir.Value, other: ir.Value) -> ir.Value:
        whole = g.Slice(g.Mul(one, other), [0], high, [rank - 2])
        return reduce(g, "ReduceSum", whole, [rank - 2], keepdims=True)

    a, b, c = product(p, p), product(q, q), product(p, q)
    lengths = g.Sqrt(g.Mul(a, b))
    small = g.LessOrEqual(g.Abs(c), g.Mul(lengths, 1e-16))
    cosines = g.Where(small, 0.0, g.Div(g.Abs(c), g.Where(small, 1.0, lengths)))
    ratio = g.Div(g.Sub(b, a), g.Mul(g.Where(small, 1.0, c), 2.0))
    size = g.Add(g.Abs(ratio), g.Sqrt(g.Add(g.Mul(ratio, ratio), 1.0)))
    tangent = g.Reciprocal(g.Where(g.Less(ratio, 0.0), g.Neg(size), size))
    tangent = g.Where(small, 0.0, tangent)
    cosine = g.Reciprocal(g.Sqrt(g.Add(g.Mul(tangent, tangent), 1.0)))
    sine = g.Mul(cosine, tangent)
    turned = g.Concat(
        g.Sub(g.Mul(p, cosine), g.Mul(q, sine)),
        g.Add(g.Mul(p, sine), g.Mul(q, cosine)),
        axis=rank - 1,
    )
    partners = g.Gather(turned, _turns(columns), axis=rank - 1)
    return partners, reduce(g, "ReduceMax", cosines)


def _lengths(g: GraphBuilder, x: ir.Value) -> ir.Value:
    *batch, _, columns = g.static_shape(x)
    made = reduce(g, "ReduceL2", x, [g.rank(x) - 2])
    return g.with_shape(made, [*batch, columns])


def ordered(
    g: GraphBuilder, keys: ir.Value, *matrices: ir.Value, largest: bool
) -> list[ir.Value]:
    """Sort numbers, and the columns of matrices with them."""
    count = g.static_shape(keys)[-1]
    values, order = g.TopK(keys, [count], outputs=2, axis=-1, largest=int(largest))
    results = [g.with_shape(values, g.static_shape(keys))]
    for matrix in matrices:
        places = g.Expand(g.Unsqueeze(order, [-2]), g.Shape(matrix))
        sorted_ = g.GatherElements(matrix, places, axis=g.rank(matrix) - 1)
        results.append(g.with_shape(sorted_, g.static_shape(matrix)))
    return results


def is_wide(g: GraphBuilder, x: ir.Value) -> bool:
    """Whether the rows are to be turned, as fewer than the columns or alone known."""
    rows, columns = g.static_shape(x)[-2:]
    return columns is None or (rows is not None and rows < columns)


def singular_values(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the singular values in falling order."""
    x = to_float64(g, x)
    tall = transpose(g, x, g.rank(x)) if is_wide(g, x) else x
    lengths = _lengths(g, orthogonalized(g, tall)[0])
    return ordered(g, lengths, largest=True)[0]


@converts("linalg.SVD")
def svd(g: GraphBuilder, op: Any, x: ir.Value) -> Any:
    """Turn the columns orthogonal; reflections make them unit vectors, and the rest.

    Lengths alone would not give a vector for a singular value of zero.
    """
    if not op.compute_uv:
        return singular_values(g, x)
    rank, wide = g.rank(x), is_wide(g, x)
    tall = transpose(g, to_float64(g, x), rank) if wide else to_float64(g, x)
    turned, turn = orthogonalized(g, tall)
    values, turned, turn = ordered(g, _lengths(g, turned), turned, turn, largest=True)
    q, r = reflected(g, turned)
    *batch, rows, _ = g.static_shape(tall)
    columns = g.static_shape(turn)[-1] or 0
    signs = _signs(g, r, columns)
    if not op.full_matrices or rows is None:
        q = g.Slice(q, [0], [columns], [rank - 1])
    elif rows > columns:
        signs = g.Pad(signs, [0] * (2 * rank - 1) + [rows - columns], 1.0)
    q = g.with_shape(g.Mul(q, signs), [*batch, rows, None])
    if wide:
        return turn, values, transpose(g, q, rank)
    return q, values, transpose(g, turn, rank)


def _signs(g: GraphBuilder, r: ir.Value, columns: int) -> ir.Value:
    """Return the signs of a triangle's diagonal as a row, 1 for 0."""
    rank = g.rank(r)
    places = np.arange(columns)
    top = g.Slice(r, [0], [columns], [rank - 2])
    diagonal = g.Where(places[:, None] == places, top, 0.0)
    total = reduce(g, "ReduceSum", diagonal, [rank - 2], keepdims=True)
    return g.Where(g.Less(total, 0.0), np.float64(-1.0), np.float64(1.0))


def norm_of_singular_values(
    g: GraphBuilder, x: ir.Value, order: Any, axes: Sequence[int]
) -> ir.Value:
    """Return the nuclear norm, the largest or the least singular value."""
    others = [axis for axis in range(g.rank(x)) if axis not in axes]
    perm = [*others, *axes]
    sizes = g.static_shape(x)
    if perm != sorted(perm):
        x = g.with_shape(g.Transpose(x, perm=perm), [sizes[axis] for axis in perm])
    op_type = {"nuc": "ReduceSum", 2: "ReduceMax", -2: "ReduceMin"}[order]
    return reduce(g, op_type, singular_values(g, x), [len(others)])
