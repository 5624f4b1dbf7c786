"""Products of matrices and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.contraction import (
    contract,
    contract_axes,
    factors,
    product,
)
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.ops.linalg.lu import sign_and_diagonal
from keras_acts.export.convert.ops.numpy.statistics.correlation import I64
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError


@converts("numpy.Matmul")
def matmul(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.matmul` to MatMul, or MatMulInteger for int8."""
    return product(g, *factors(g, x1, x2))


@converts("numpy.Dot")
def dot(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.dot` to Mul for scalars, MatMul up to matrices, else a contraction."""
    a, b = promoted(g, x1, x2)
    if not g.rank(a) or not g.rank(b):
        return g.Mul(a, b)
    if g.rank(b) <= 2:
        return g.MatMul(a, b)
    return contract_axes(g, a, b, [-1], [-2])


@converts("numpy.Inner")
def inner(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.inner` to Mul for scalars, else to a contraction of the last axes."""
    a, b = promoted(g, x1, x2)
    if not g.rank(a) or not g.rank(b):
        return g.Mul(a, b)
    return contract_axes(g, a, b, [-1], [-1])


@converts("numpy.Outer")
def outer(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.outer` to Mul of a column and a row; the result is a matrix."""
    a, b = promoted(g, x1, x2)
    return g.Mul(g.Reshape(a, [-1, 1]), g.Reshape(b, [1, -1]))


@converts("numpy.Vdot")
def vdot(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.vdot` to MatMul of the flattened operands, a scalar."""
    a, b = (g.Reshape(x, [-1]) for x in promoted(g, x1, x2))
    return g.MatMul(a, b)


@converts("numpy.Tensordot")
def tensordot(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.tensordot` to a contraction of pairs of axes."""
    a, b = promoted(g, x1, x2)
    if not isinstance(op.axes, int):
        first, second = ([x] if isinstance(x, int) else list(x) for x in op.axes)
        return contract_axes(g, a, b, first, second)
    last = range(g.rank(a) - op.axes, g.rank(a))
    return contract_axes(g, a, b, list(last), list(range(op.axes)))


@converts("numpy.Einsum")
def einsum(g: GraphBuilder, op: Any, *operands: Operand) -> ir.Value:
    """Map `ops.einsum` to MatMul where possible, else to Einsum."""
    return contract(g, op.subscripts, factors(g, *operands))


@converts("numpy.Kron")
def kron(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.kron` to Mul of interleaved axes and Reshape; sizes multiply."""
    a, b = promoted(g, x1, x2)
    rank = max(g.rank(a), g.rank(b))
    sizes = []
    for axis in range(-rank, 0):
        pair = [
            g.size(x, axis) if g.rank(x) >= -axis else g.cast([1], I64) for x in (a, b)
        ]
        sizes.append(g.Mul(*pair))
    expanded_a, expanded_b = (
        g.Unsqueeze(x, list(range(rank - g.rank(x)))) if g.rank(x) < rank else x
        for x in (a, b)
    )
    outer = g.Unsqueeze(expanded_a, list(range(1, 2 * rank, 2)))
    inner = g.Unsqueeze(expanded_b, list(range(0, 2 * rank, 2)))
    product = g.Mul(outer, inner)
    return g.Reshape(product, g.Concat(*sizes, axis=0)) if rank else product


@converts("numpy.Cross")
def cross(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.cross` to products of components, with one scalar for 2-vectors."""
    a = _components(g, op.axisa, *promoted(g, x1))
    b = _components(g, op.axisb, *promoted(g, x2))

    def minor(i: int, j: int) -> ir.Value | None:
        terms = [
            None if p is None or q is None else g.Mul(p, q)
            for p, q in ((a[i], b[j]), (a[j], b[i]))
        ]
        if terms[0] is not None and terms[1] is not None:
            return g.Sub(*terms)
        return terms[0] if terms[1] is None else g.Neg(terms[1])

    last = minor(0, 1)
    if a[2] is None and b[2] is None:
        return last  # type: ignore[return-value]
    axis = op.axisc % len(g.spec.shape)
    parts = [minor(1, 2), minor(2, 0), last]
    shaped = [g.Unsqueeze(part, [axis]) for part in parts]  # Each has a term.
    return g.Concat(*shaped, axis=axis)


def _components(g: GraphBuilder, axis: int, x: ir.Value) -> list[ir.Value | None]:
    """Return the three components of vectors, None for a missing third."""
    size = g.static_shape(x)[axis]
    if size not in (2, 3):
        raise UnsupportedOperationError(
            "The vectors of a cross product must have 2 or 3 components, a number "
            f"known at export. Received: size {size} of axis {axis}"
        )
    parts = [g.Gather(x, np.asarray(i), axis=axis % g.rank(x)) for i in range(size)]
    return [*parts, None][:3]


@converts("numpy.Slogdet")
def slogdet(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Map `ops.slogdet` to the sign and the log-magnitude of the LU diagonal."""
    return sign_and_logarithm(g, g.cast(x, g.spec[0].dtype))


def sign_and_logarithm(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the sign and the log-magnitude of determinants of floating matrices."""
    sign, diagonal = sign_and_diagonal(g, x)
    axis = [g.rank(x) - 2]
    signs = reduce(g, "ReduceProd", g.Sign(diagonal), axis)
    logarithms = reduce(g, "ReduceSum", g.Log(g.Abs(diagonal)), axis)
    return g.Mul(sign, signs), logarithms
