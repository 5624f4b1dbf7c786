"""Products of matrices and tensors."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.ops.arithmetic import promoted
from keras_acts.export.convert.ops.contraction import (
    contract,
    contract_axes,
    factors,
    product,
)
from keras_acts.export.convert.registry import converts


@converts("numpy.Matmul")
def matmul(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    return product(g, *factors(g, x1, x2))


@converts("numpy.Dot")
def dot(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    a, b = promoted(g, x1, x2)
    if not g.rank(a) or not g.rank(b):
        return g.Mul(a, b)
    if g.rank(b) <= 2:
        return g.MatMul(a, b)
    return contract_axes(g, a, b, [-1], [-2])


@converts("numpy.Inner")
def inner(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    a, b = promoted(g, x1, x2)
    if not g.rank(a) or not g.rank(b):
        return g.Mul(a, b)
    return contract_axes(g, a, b, [-1], [-1])


@converts("numpy.Outer")
def outer(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    a, b = promoted(g, x1, x2)
    return g.Mul(g.Reshape(a, [-1, 1]), g.Reshape(b, [1, -1]))


@converts("numpy.Vdot")
def vdot(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    a, b = (g.Reshape(x, [-1]) for x in promoted(g, x1, x2))
    return g.MatMul(a, b)


@converts("numpy.Tensordot")
def tensordot(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    a, b = promoted(g, x1, x2)
    if not isinstance(op.axes, int):
        first, second = ([x] if isinstance(x, int) else list(x) for x in op.axes)
        return contract_axes(g, a, b, first, second)
    last = range(g.rank(a) - op.axes, g.rank(a))
    return contract_axes(g, a, b, list(last), list(range(op.axes)))


@converts("numpy.Einsum")
def einsum(g: GraphBuilder, op: Any, *operands: Operand) -> ir.Value:
    return contract(g, op.subscripts, factors(g, *operands))
