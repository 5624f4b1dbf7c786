"""Contractions of shared axes: one MatMul where possible, else Einsum."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.batched_products import (
    Roles,
    batched_product,
    roles,
)
from keras_acts.export.convert.common.promotion import promoted


def factors(g: GraphBuilder, *operands: Operand) -> list[ir.Value]:
    """Promote the factors of a product; int8 stays, and its product is int32."""
    if all(isinstance(x, ir.Value) and x.dtype == ir.DataType.INT8 for x in operands):
        return list(operands)  # type: ignore[arg-type]
    return promoted(g, *operands)


def product(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Append a matrix product: MatMul, or MatMulInteger for int8."""
    kind = "MatMulInteger" if a.dtype == ir.DataType.INT8 else "MatMul"
    return getattr(g, kind)(a, b)


def contract_axes(
    g: GraphBuilder,
    a: ir.Value,
    b: ir.Value,
    first: Sequence[int],
    second: Sequence[int],
) -> ir.Value:
    """Append the sum of products over pairs of axes, like NumPy's `tensordot`."""
    letters = iter(string.ascii_lowercase)
    a_axes = [next(letters) for _ in range(g.rank(a))]
    b_axes = [next(letters) for _ in range(g.rank(b))]
    for i, j in zip(first, second, strict=True):
        b_axes[j] = a_axes[i]
    summed = {a_axes[i] for i in first}
    result = [letter for letter in (*a_axes, *b_axes) if letter not in summed]
    equation = f"{''.join(a_axes)},{''.join(b_axes)}->{''.join(result)}"
    return contract(g, equation, [a, b])


def contract(
    g: GraphBuilder, subscripts: str, operands: Sequence[ir.Value]
) -> ir.Value:
    """Append an Einsum of any operands.

    If the last axes of the first operand are contracted with the first axes of the
    second, in order, as in EinsumDense and MultiHeadAttention, it becomes a product
    with a matrix; other contractions of two operands become one between transposes.
    """
    equation = subscripts.replace(" ", "")
    result: ir.Value | None = None
    if len(operands) == 2:
        a, b = operands
        parts = roles(equation)
        result = _as_product(g, equation, a, b)
        if result is None and parts is not None and _sizes_match(g, parts, a, b):
            result = batched_product(g, parts, a, b, product)
    if result is None:
        if operands[0].dtype == ir.DataType.INT8:
            operands = [g.cast(x, ir.DataType.INT32) for x in operands]
        result = g.Einsum(*operands, equation=equation)
    return result


def _sizes_match(g: GraphBuilder, parts: Roles, a: ir.Value, b: ir.Value) -> bool:
    """Whether no contracted axis has size 1 in one operand only."""
    pairs = (
        (
            g.static_shape(a)[parts.first.index(x)],
            g.static_shape(b)[parts.second.index(x)],
        )
        for x in parts.contracted
    )
    return all(m == n or None in (m, n) for m, n in pairs)


def _as_product(
    g: GraphBuilder, equation: str, x: ir.Value, kernel: ir.Value
) -> ir.Value | None:
    """Append `xk,ky->xy`, where x, k and y each stand for several axes."""
    count = _contracted_count(equation)
    sizes = g.static_shape(kernel)
    known = [size for size in sizes if size is not None]
    if not count or len(known) < len(sizes):
        return None
    inner, outer = known[:count], known[count:]
    rows = [0] * (g.rank(x) - count)  # 0 copies a size, known or not.
    if count > 1:
        x = g.Reshape(x, [*rows, math.prod(inner)])
    matrix = [math.prod(inner), math.prod(outer)] if outer else [math.prod(inner)]
    y = product(g, x, kernel if matrix == known else g.Reshape(kernel, matrix))
    return y if len(outer) <= 1 else g.Reshape(y, [*rows, *outer])


def _contracted_count(equation: str) -> int:
    """Return the number of contracted axes if the equation has that form, else 0."""
    if "->" not in equation:
        return 0
    terms, result = equation.split("->")
    x, kernel = (term.replace("...", ".") for term in terms.split(","))
    result = result.replace("...", ".")
    for count in range(1, len(kernel) + 1):
        inner, outer = kernel[:count], kernel[count:]
        if x.endswith(inner) and result == x[: len(x) - count] + outer:
            letters = x + outer
            return (
                count if len(set(letters)) == len(letters) and "." not in kernel else 0
            )
    return 0
