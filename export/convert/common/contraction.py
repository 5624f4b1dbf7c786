"""Sums of products over shared axes: as one MatMul where it is one, else as Einsum."""

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
    """Bring what is multiplied to one dtype; int8 stays, and its product is int32."""
    if all(isinstance(x, ir.Value) and x.dtype == ir.DataType.INT8 for x in operands):
        return list(operands)  # type: ignore[arg-type]
    return promoted(g, *operands)


def product(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Append a product of matrices."""
    kind = "MatMulInteger" if a.dtype == ir.DataType.INT8 else "MatMul"
    result: ir.Value = getattr(g, kind)(a, b)
    return result


def contract_axes(
    g: GraphBuilder,
    a: ir.Value,
    b: ir.Value,
    first: Sequence[int],
    second: Sequence[int],
) -> ir.Value:
    """Append the sum of products over pairs of axes, as NumPy's `tensordot`."""
    letters = iter(string.ascii_lowercase)
    of_a = [next(letters) for _ in range(g.rank(a))]
    of_b = [next(letters) for _ in range(g.rank(b))]
    for i, j in zip(first, second, strict=True):
        of_b[j] = of_a[i]
    summed = {of_a[i] for i in first}
    kept = [letter for letter in (*of_a, *of_b) if letter not in summed]
    return contract(g, f"{''.join(of_a)},{''.join(of_b)}->{''.join(kept)}", [a, b])


def contract(
    g: GraphBuilder, subscripts: str, operands: Sequence[ir.Value]
) -> ir.Value:
    """Append an Einstein sum.

    Where the last axes of the first operand meet the first axes of the second, in
    order, as in the layers EinsumDense and MultiHeadAttention, it is a product with a
    matrix; where two operands meet otherwise, it is one after transposes.
    """
    equation = subscripts.replace(" ", "")
    result: ir.Value | None = None
    if len(operands) == 2:
        a, b = operands
        parts = roles(equation)
        result = _as_product(g, equation, a, b)
        if result is None and parts is not None and _meet(g, parts, a, b):
            result = batched_product(g, parts, a, b, product)
    if result is None:
        if operands[0].dtype == ir.DataType.INT8:
            operands = [g.cast(x, ir.DataType.INT32) for x in operands]
        result = g.Einsum(*operands, equation=equation)
    return result


def _meet(g: GraphBuilder, parts: Roles, a: ir.Value, b: ir.Value) -> bool:
    """Whether no axis that is summed over is of size 1 in one operand alone."""
    pairs = (
        (
            g.static_shape(a)[parts.first.index(x)],
            g.static_shape(b)[parts.second.index(x)],
        )
        for x in parts.met
    )
    return all(m == n or None in (m, n) for m, n in pairs)


def _as_product(
    g: GraphBuilder, equation: str, x: ir.Value, kernel: ir.Value
) -> ir.Value | None:
    """Append `xk,ky->xy`, where x, k and y stand for several axes each."""
    count = _met(equation)
    sizes = g.static_shape(kernel)
    known = [size for size in sizes if size is not None]
    if not count or len(known) < len(sizes):
        return None
    met, new = known[:count], known[count:]
    rows = [0] * (g.rank(x) - count)  # 0 keeps a size, known or not.
    if count > 1:
        x = g.Reshape(x, [*rows, math.prod(met)])
    matrix = [math.prod(met), math.prod(new)] if new else [math.prod(met)]
    y = product(g, x, kernel if matrix == known else g.Reshape(kernel, matrix))
    return y if len(new) <= 1 else g.Reshape(y, [*rows, *new])


def _met(equation: str) -> int:
    """Return how many axes meet if the equation has that form, else 0."""
    if "->" not in equation:
        return 0
    terms, result = equation.split("->")
    x, kernel = (term.replace("...", ".") for term in terms.split(","))
    result = result.replace("...", ".")
    for count in range(1, len(kernel) + 1):
        met, new = kernel[:count], kernel[count:]
        if x.endswith(met) and result == x[: len(x) - count] + new:
            letters = x + new
            return (
                count if len(set(letters)) == len(letters) and "." not in kernel else 0
            )
    return 0
