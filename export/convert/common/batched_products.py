"""Einsum of two tensors as a batched matrix product.

onnxruntime's Einsum takes up to six times as long as a MatMul between transposes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Size
from keras_acts.export.convert.common.spatial import transposed

Product = Callable[[GraphBuilder, ir.Value, ir.Value], ir.Value]
AxisSources = dict[str, tuple[ir.Value, int]]
"""For each axis of an equation, an operand that has it, and its index there."""


@dataclass(frozen=True)
class Roles:
    """The axes of an Einsum equation, grouped by their role in the product.

    Attributes:
        first: The axes of the first operand, in order.
        second: The axes of the second operand.
        result: The axes of the result.
        batch: The axes that operands and result share.
        contracted: The axes that only the operands share: they are summed over.
        left: The axes that the result shares with the first operand only.
        right: The axes that the result shares with the second operand only.
    """

    first: str
    second: str
    result: str
    batch: str
    contracted: str
    left: str
    right: str


def roles(equation: str) -> Roles | None:
    """Return the roles of an equation's axes, None if it isn't such a product."""
    terms, arrow, result = equation.partition("->")
    first, _, second = terms.partition(",")
    repeats = any(len(set(x)) < len(x) for x in (first, second, result))
    shared, unshared = set(first) & set(second), set(first) ^ set(second)
    # An axis of one operand that the result lacks would be summed separately.
    if not arrow or "." in equation or repeats or not unshared <= set(result):
        return None
    inner = "".join(x for x in first if x in shared - set(result))
    batch, left, right = (
        "".join(x for x in result if x in axes)
        for axes in (shared, set(first) - shared, set(second) - shared)
    )
    return Roles(first, second, result, batch, inner, left, right) if inner else None


def batched_product(
    g: GraphBuilder, parts: Roles, a: ir.Value, b: ir.Value, product: Product
) -> ir.Value:
    """Append the product: operands as matrices, MatMul, and the axes in order."""
    left, right = parts.left, parts.right
    if left and right and parts.result.index(right[0]) < parts.result.index(left[0]):
        left, right, a, b = right, left, b, a
        parts = Roles(
            *(parts.second, parts.first, parts.result),
            *(parts.batch, parts.contracted, left, right),
        )
    sources = {
        axis: (x, i)
        for x, axes in ((b, parts.second), (a, parts.first))
        for i, axis in enumerate(axes)
    }
    # Without a batch, the rows may be several axes, since the other operand has two.
    rows = [*parts.batch, left] if parts.batch else list(left) or [""]
    columns = [*parts.batch, parts.contracted, right]
    x = _permuted(g, a, parts.first, parts.batch + left + parts.contracted)
    y = _permuted(g, b, parts.second, parts.batch + parts.contracted + right)
    z = product(
        g,
        _grouped(g, x, [*rows, parts.contracted], sources),
        _grouped(g, y, columns, sources),
    )
    joined = [*rows, right]
    if any(len(group) != 1 for group in joined):
        z = g.Reshape(z, _shape(g, "".join(joined), joined, sources))
    order = parts.batch + left + right
    sizes = [_known(g, axis, sources) for axis in order]
    return _permuted(g, g.with_shape(z, sizes), order, parts.result)


def _permuted(g: GraphBuilder, x: ir.Value, axes: str, wanted: str) -> ir.Value:
    return transposed(g, x, [axes.index(axis) for axis in wanted])


def _grouped(
    g: GraphBuilder, x: ir.Value, groups: Sequence[str], sources: AxisSources
) -> ir.Value:
    """Merge each group of axes into one axis."""
    if all(len(group) == 1 for group in groups):
        return x
    shape = _shape(g, groups, list("".join(groups)), sources)
    return g.with_shape(
        g.Reshape(x, shape), [_known(g, one, sources) for one in groups]
    )


def _shape(
    g: GraphBuilder, groups: Sequence[str], present: Sequence[str], sources: AxisSources
) -> ir.Value:
    """Return the shape with one axis per group, to reshape from other groups."""
    shape: list[Size] = []
    for i, group in enumerate(groups):
        known = _known(g, group, sources)
        if known is not None:
            shape.append(known)
        elif i < len(present) and present[i] == group:
            shape.append(0)  # The size stays.
        else:
            shape.append(-1 if -1 not in shape else _computed(g, group, sources))
    return g.shape(*shape)


def _known(g: GraphBuilder, group: str, sources: AxisSources) -> int | None:
    sizes = [g.static_shape(x)[i] for x, i in map(sources.__getitem__, group)]
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def _computed(g: GraphBuilder, group: str, sources: AxisSources) -> ir.Value:
    first, *others = (g.size(*sources[axis]) for axis in group)
    for size in others:
        first = g.Mul(first, size)
    return first
