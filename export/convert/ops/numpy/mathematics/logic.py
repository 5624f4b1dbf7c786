"""Comparison and logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import keras_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import is_float, promoted
from keras_acts.export.convert.registry import converts


def promote_for_comparison(g: GraphBuilder, *operands: Operand) -> list[ir.Value]:
    """Cast operands to the common dtype in which Keras compares them."""
    kinds = [_keras_type(x) for x in operands]
    return [g.cast(x, keras.backend.result_type(*kinds)) for x in operands]


def _keras_type(x: Operand) -> Any:
    if isinstance(x, ir.Value):
        return keras_dtype(x)
    return x.dtype.name if isinstance(x, np.ndarray) else type(x)


def _register_comparison(kind: str, compute: Callable[..., ir.Value]) -> None:
    """Register the converter of a comparison."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
        """Promote both operands, and append the registered comparison."""
        return compute(g, *promote_for_comparison(g, x1, x2))


def _register_connective(kind: str, op_type: str) -> None:
    """Register the converter of a logical connective."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
        """Cast both operands to booleans, and append And, Or or Xor."""
        return getattr(g, op_type)(g.cast(x1, "bool"), g.cast(x2, "bool"))


def _register_test(
    kind: str, compute: Callable[[GraphBuilder, ir.Value], ir.Value]
) -> None:
    """Register the converter of a test of floats; other dtypes become float32."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Append the registered test of a float tensor; the shape stays."""
        return compute(g, x if is_float(x) else g.cast(x, ir.DataType.FLOAT))


COMPARISONS: dict[str, Callable[..., ir.Value]] = {
    "numpy.Equal": lambda g, x1, x2: g.Equal(x1, x2),
    "numpy.Greater": lambda g, x1, x2: g.Greater(x1, x2),
    "numpy.GreaterEqual": lambda g, x1, x2: g.GreaterOrEqual(x1, x2),
    "numpy.Less": lambda g, x1, x2: g.Less(x1, x2),
    "numpy.LessEqual": lambda g, x1, x2: g.LessOrEqual(x1, x2),
    "numpy.NotEqual": lambda g, x1, x2: g.Not(g.Equal(x1, x2)),
}
CONNECTIVES = {
    "numpy.LogicalAnd": "And",
    "numpy.LogicalOr": "Or",
    "numpy.LogicalXor": "Xor",
}
TESTS: dict[str, Callable[[GraphBuilder, ir.Value], ir.Value]] = {
    "numpy.Isfinite": lambda g, x: g.Less(g.Abs(x), np.inf),
    "numpy.Isinf": lambda g, x: g.IsInf(x),
    "numpy.Isnan": lambda g, x: g.IsNaN(x),
    "numpy.Isneginf": lambda g, x: g.IsInf(x, detect_positive=0),
    "numpy.Isposinf": lambda g, x: g.IsInf(x, detect_negative=0),
}
for _kind, _compute in COMPARISONS.items():
    _register_comparison(_kind, _compute)
for _kind, _op_type in CONNECTIVES.items():
    _register_connective(_kind, _op_type)
for _kind, _compute in TESTS.items():
    _register_test(_kind, _compute)


@converts("numpy.LogicalNot")
def logical_not(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.logical_not` to Not; the shape stays."""
    return g.Not(g.cast(x, "bool"))


@converts("numpy.Nonzero")
def nonzero(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.nonzero` to NonZero, one vector of indices for each axis."""
    indices = g.NonZero(g.cast(x, ir.DataType.BOOL))
    return [g.Gather(indices, np.asarray(axis), axis=0) for axis in range(g.rank(x))]


@converts("numpy.Where")
def where(
    g: GraphBuilder, op: Any, condition: Operand, x1: Operand = None, x2: Operand = None
) -> ir.Value | list[ir.Value]:
    """Map `ops.where` to Where, or to NonZero without values."""
    if x1 is None or x2 is None:
        return nonzero(g, op, g.cast(condition, "bool"))
    return g.Where(g.cast(condition, "bool"), *promoted(g, x1, x2))


@converts("numpy.Select")
def select(
    g: GraphBuilder, op: Any, condlist: Any, choicelist: Any, default: Operand = 0
) -> ir.Value:
    """Map `ops.select` to nested Wheres."""
    (result,) = promoted(g, default)
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = g.Where(g.cast(condition, "bool"), *promoted(g, choice), result)
    return result


@converts("numpy.Isclose")
def isclose(
    g: GraphBuilder,
    op: Any,
    x1: Operand,
    x2: Operand,
    rtol: Operand = 1e-5,
    atol: Operand = 1e-8,
) -> ir.Value:
    """Map `ops.isclose` to comparisons; the shape is broadcast."""
    x1, x2 = promote_for_comparison(g, x1, x2)
    if not is_float(x1):
        x1, x2 = (g.cast(x, ir.DataType.FLOAT) for x in (x1, x2))
    bound = g.Add(g.Mul(g.Abs(x2), rtol), atol)
    near = g.And(g.LessOrEqual(g.Abs(g.Sub(x1, x2)), bound), g.Less(g.Abs(x2), np.inf))
    close = g.Or(near, g.Equal(x1, x2))
    return g.Or(close, g.And(g.IsNaN(x1), g.IsNaN(x2))) if op.equal_nan else close


@converts("numpy.AllClose")
def allclose(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.allclose` to `isclose` and ReduceMin, a scalar."""
    near = g.cast(isclose(g, op, x1, x2, op.rtol, op.atol), ir.DataType.INT32)
    return g.cast(reduce(g, "ReduceMin", near), ir.DataType.BOOL)
