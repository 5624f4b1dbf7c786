"""Singular values and vectors by Jacobi rotations.

Pairs of columns are rotated until all columns are orthogonal; their norms are then the
singular values. Half as many pairs as there are columns are rotated at once, and the
columns change partners like the players of a round-robin tournament, so that a sweep
over all pairs takes one round less than there are columns. The signs of the vectors are
arbitrary, and may differ from those of a backend, as the backends' differ.
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
from keras_acts.export.convert.ops.linalg.qr import householder
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

SWEEPS = 40
"""The maximal number of sweeps. Matrices with 64 random columns need nine, with 400
fourteen, and with many equal singular values up to 25."""

LARGEST_COSINE = 1e-15
"""The largest cosine between two columns in a sweep that ends the iteration."""


def _round_robin(columns: int) -> np.ndarray[Any, Any]:
    """Return the permutation of columns between rounds: the first one stays."""
    half = columns // 2
    upper, lower = list(range(half)), list(range(half, columns))
    if half == 1:
        return np.asarray(upper + lower)
    return np.asarray([0, lower[0], *upper[1:-1], *lower[1:], upper[-1]])


def jacobi_rotations(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the orthogonalized columns, and the rotation as an orthogonal matrix."""
    *batch, rows, columns = g.static_shape(x)
    if columns is None:
        raise UnsupportedOperationError(
            "Singular values need a matrix with a known number of rows or of columns. "
            f"Received: shape={g.static_shape(x)}"
        )
    rank, even = g.rank(x), max(2, columns + columns % 2)
    if even > columns:
        x = g.Pad(x, [0] * (2 * rank - 1) + [even - columns])
    height = g.size(x, -2)
    stacked = g.Concat(x, identity(g, x, even, rank - 1), axis=rank - 2)
    rounds = even - 1

    def step(
        iteration: ir.Value, carried: list[ir.Value]
    ) -> tuple[Sequence[ir.Value], Sequence[ir.Value]]:
        m, largest, sweep_cosine = carried
        m, cosine = _rotate_pairs(g, m, height, even, rank)
        round_index = g.Mod(iteration, np.int64(rounds))
        first = g.Equal(round_index, np.int64(0))
        largest = g.Max(g.Where(first, 0.0, largest), cosine)
        is_last = g.Equal(round_index, np.int64(rounds - 1))
        return (m, largest, g.Where(is_last, largest, sweep_cosine)), ()

    limit, size = g.constant(np.asarray(SWEEPS * rounds, np.int64)), g.Shape(stacked)
    one = g.constant(np.ones(()))
    (stacked, _, _), _ = loop(
        g,
        step,
        [stacked, one, one],
        count=limit,
        holds=lambda m: g.Greater(m[2], LARGEST_COSINE),
    )
    # A Loop may change shapes; this one doesn't.
    stacked = g.Reshape(stacked, size)
    rotated = g.Slice(stacked, [0, 0], g.Concat(height, [columns], axis=0), [-2, -1])
    end = g.Add(height, [columns])
    rotation = g.Slice(
        stacked,
        g.Concat(height, [0], axis=0),
        g.Concat(end, [columns], axis=0),
        [-2, -1],
    )
    return (
        g.with_shape(rotated, [*batch, rows, columns]),
        g.with_shape(rotation, [*batch, columns, columns]),
    )


def _rotate_pairs(
    g: GraphBuilder, m: ir.Value, height: ir.Value, columns: int, rank: int
) -> tuple[ir.Value, ir.Value]:
    """Rotate each column and its partner so that they become orthogonal.

    Returns:
        The columns next to their next partners, and the largest cosine before.
    """
    half = columns // 2
    p = g.Slice(m, [0], [half], [rank - 1])
    q = g.Slice(m, [half], [columns], [rank - 1])

    def product(left: ir.Value, right: ir.Value) -> ir.Value:
        products = g.Slice(g.Mul(left, right), [0], height, [rank - 2])
        return reduce(g, "ReduceSum", products, [rank - 2], keepdims=True)

    a, b, c = product(p, p), product(q, q), product(p, q)
    lengths = g.Sqrt(g.Mul(a, b))
    small = g.LessOrEqual(g.Abs(c), g.Mul(lengths, 1e-16))
    cosines = g.Where(small, 0.0, g.Div(g.Abs(c), g.Where(small, 1.0, lengths)))
    ratio = g.Div(g.Sub(b, a), g.Mul(g.Where(small, 1.0, c), 2.0))
    denominator = g.Add(g.Abs(ratio), g.Sqrt(g.Add(g.Mul(ratio, ratio), 1.0)))
    tangent = g.Reciprocal(g.Where(g.Less(ratio, 0.0), g.Neg(denominator), denominator))
    tangent = g.Where(small, 0.0, tangent)
    cosine = g.Reciprocal(g.Sqrt(g.Add(g.Mul(tangent, tangent), 1.0)))
    sine = g.Mul(cosine, tangent)
    rotated = g.Concat(
        g.Sub(g.Mul(p, cosine), g.Mul(q, sine)),
        g.Add(g.Mul(p, sine), g.Mul(q, cosine)),
        axis=rank - 1,
    )
    partners = g.Gather(rotated, _round_robin(columns), axis=rank - 1)
    return partners, reduce(g, "ReduceMax", cosines)


def _column_norms(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return reduce(g, "ReduceL2", x, [g.rank(x) - 2])


def sort_columns(
    g: GraphBuilder, keys: ir.Value, *matrices: ir.Value, largest: bool
) -> list[ir.Value]:
    """Sort numbers, and the columns of matrices along with them."""
    count: Any = g.static_shape(keys)[-1]
    values, order = g.TopK(keys, [count], outputs=2, axis=-1, largest=int(largest))
    results = [values]
    for matrix in matrices:
        indices = g.Expand(g.Unsqueeze(order, [-2]), g.Shape(matrix))
        sorted_ = g.GatherElements(matrix, indices, axis=g.rank(matrix) - 1)
        results.append(g.with_shape(sorted_, g.static_shape(matrix)))
    return results


def has_few_rows(g: GraphBuilder, x: ir.Value) -> bool:
    """Whether to transpose: there are fewer rows, or only their number is known."""
    rows, columns = g.static_shape(x)[-2:]
    return columns is None or (rows is not None and rows < columns)


def singular_values(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the singular values in descending order."""
    x = to_float64(g, x)
    tall = transpose(g, x, g.rank(x)) if has_few_rows(g, x) else x
    lengths = _column_norms(g, jacobi_rotations(g, tall)[0])
    return sort_columns(g, lengths, largest=True)[0]


@converts("linalg.SVD")
def svd(g: GraphBuilder, op: Any, x: ir.Value) -> Any:
    """Map `linalg.svd` to a Loop of Jacobi rotations, in float64.

    Householder reflections turn the columns into unit vectors and complete the basis;
    their norms alone would not give a vector for a singular value of zero.
    """
    if not op.compute_uv:
        return singular_values(g, x)
    rank, transposes = g.rank(x), has_few_rows(g, x)
    tall = transpose(g, to_float64(g, x), rank) if transposes else to_float64(g, x)
    rotated, rotation = jacobi_rotations(g, tall)
    values, rotated, rotation = sort_columns(
        g, _column_norms(g, rotated), rotated, rotation, largest=True
    )
    q, r = householder(g, rotated)
    *batch, rows, _ = g.static_shape(tall)
    columns = g.static_shape(rotation)[-1] or 0
    signs = _signs(g, r, columns)
    if not op.full_matrices or rows is None:
        q = g.Slice(q, [0], [columns], [rank - 1])
    elif rows > columns:
        signs = g.Pad(signs, [0] * (2 * rank - 1) + [rows - columns], 1.0)
    q = g.with_shape(g.Mul(q, signs), [*batch, rows, None])
    if transposes:
        return rotation, values, transpose(g, q, rank)
    return q, values, transpose(g, rotation, rank)


def _signs(g: GraphBuilder, r: ir.Value, columns: int) -> ir.Value:
    """Return the signs of a triangle's diagonal as a row, 1 for 0."""
    rank = g.rank(r)
    indices = np.arange(columns)
    top = g.Slice(r, [0], [columns], [rank - 2])
    diagonal = g.Where(indices[:, None] == indices, top, 0.0)
    total = reduce(g, "ReduceSum", diagonal, [rank - 2], keepdims=True)
    return g.Where(g.Less(total, 0.0), np.float64(-1.0), np.float64(1.0))


def norm_of_singular_values(
    g: GraphBuilder, x: ir.Value, order: Any, axes: Sequence[int]
) -> ir.Value:
    """Return the nuclear norm, or the largest or smallest singular value."""
    others = [axis for axis in range(g.rank(x)) if axis not in axes]
    perm = [*others, *axes]
    if perm != sorted(perm):
        x = g.Transpose(x, perm=perm)
    op_type = {"nuc": "ReduceSum", 2: "ReduceMax", -2: "ReduceMin"}[order]
    return reduce(g, op_type, singular_values(g, x), [len(others)])
