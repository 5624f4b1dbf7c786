"""Einstein sums of two tensors as one product of matrices for each element of a batch.

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
Places = dict[str, tuple[ir.Value, int]]
"""Where each axis can be found: an operand, and which of its axes it is."""


@dataclass(frozen=True)
class Roles:
    """The axes of an equation by what the product does with them, each a letter.

    Attributes:
        first: The axes of the first operand, in order.
        second: Those of the second.
        result: Those of the result.
        batch: The axes that all three have.
        met: Those that both operands have: the sum runs over them.
        left: Those that the result has of the first operand alone.
        right: Those that it has of the second alone.
    """

    first: str
    second: str
    result: str
    batch: str
    met: str
    left: str
    right: str


def roles(equation: str) -> Roles | None:
    """Return the roles of an equation's axes, None where it is no such product."""
    terms, arrow, result = equation.partition("->")
    first, _, second = terms.partition(",")
    repeats = any(len(set(x)) < len(x) for x in (first, second, result))
    shared, lone = set(first) & set(second), set(first) ^ set(second)
    # An axis of one operand alone that the result has not would be summed by itself.
    if not arrow or "." in equation or repeats or not lone <= set(result):
        return None
    met = "".join(x for x in first if x in shared - set(result))
    batch, left, right = (
        "".join(x for x in result if x in axes)
        for axes in (shared, set(first) - shared, set(second) - shared)
    )
    return Roles(first, second, result, batch, met, left, right) if met else None


def batched_product(
    g: GraphBuilder, parts: Roles, a: ir.Value, b: ir.Value, product: Product
) -> ir.Value:
    """Append the sum: the operands as matrices, their product, its axes in order."""
    left, right = parts.left, parts.right
    if left and right and parts.result.index(right[0]) < parts.result.index(left[0]):
        left, right, a, b = right, left, b, a
        parts = Roles(
            *(parts.second, parts.first, parts.result),
            *(parts.batch, parts.met, left, right),
        )
    places = {
        axis: (x, i)
        for x, axes in ((b, parts.second), (a, parts.first))
        for i, axis in enumerate(axes)
    }
    # Without a batch the rows may have several axes: the other operand has two.
    rows = [*parts.batch, left] if parts.batch else list(left) or [""]
    columns = [*parts.batch, parts.met, right]
    x = _permuted(g, a, parts.first, parts.batch + left + parts.met)
    y = _permuted(g, b, parts.second, parts.batch + parts.met + right)
    z = product(
        g,
        _grouped(g, x, [*rows, parts.met], places),
        _grouped(g, y, columns, places),
    )
    joined = [*rows, right]
    if any(len(group) != 1 for group in joined):
        z = g.Reshape(z, _shape(g, "".join(joined), joined, places))
    order = parts.batch + left + right
    sizes = [_known(g, axis, places) for axis in order]
    return _permuted(g, g.with_shape(z, sizes), order, parts.result)


def _permuted(g: GraphBuilder, x: ir.Value, axes: str, wanted: str) -> ir.Value:
    return transposed(g, x, [axes.index(axis) for axis in wanted])


def _grouped(
    g: GraphBuilder, x: ir.Value, groups: Sequence[str], places: Places
) -> ir.Value:
    """Make one axis of each group of axes."""
    if all(len(group) == 1 for group in groups):
        return x
    shape = _shape(g, groups, list("".join(groups)), places)
    return g.with_shape(g.Reshape(x, shape), [_known(g, one, places) for one in groups])


def _shape(
    g: GraphBuilder, groups: Sequence[str], present: Sequence[str], places: Places
) -> ir.Value:
    """Return the shape with one axis a group, to reshape what is grouped otherwise."""
    shape: list[Size] = []
    for i, group in enumerate(groups):
        known = _known(g, group, places)
        if known is not None:
            shape.append(known)
        elif i < len(present) and present[i] == group:
            shape.append(0)  # It stays as it is.
        else:
            shape.append(-1 if -1 not in shape else _computed(g, group, places))
    return g.shape(*shape)


def _known(g: GraphBuilder, group: str, places: Places) -> int | None:
    sizes = [g.static_shape(x)[i] for x, i in map(places.__getitem__, group)]
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def _computed(g: GraphBuilder, group: str, places: Places) -> ir.Value:
    first, *others = (g.size(*places[axis]) for axis in group)
    for size in others:
        first = g.with_shape(g.Mul(first, size), (1,))
    return first
