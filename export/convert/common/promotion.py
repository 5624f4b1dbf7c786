"""Operands in the dtype of the result, and registration of functions of one or two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.registry import converts


def promoted(g: GraphBuilder, *operands: Operand) -> list[ir.Value]:
    """Cast operands to the dtype of the present operation's result."""
    return [g.cast(x, g.spec.dtype) for x in operands]


Binary = Callable[[GraphBuilder, ir.Value, ir.Value], ir.Value]


def binary(kind: str, compute: Binary) -> None:
    """Register an operation of two tensors that have the result's dtype."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
        return compute(g, *promoted(g, x1, x2))


def is_float(x: ir.Value) -> bool:
    """Whether a value holds floating-point numbers."""
    return x.dtype is not None and x.dtype.is_floating_point()


Unary = Callable[[GraphBuilder, ir.Value], ir.Value]


def unary(kind: str, compute: Unary) -> None:
    """Register a function of one tensor, computed in the result's dtype."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        return compute(g, *promoted(g, x))


def wide(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Cast half-precision floats to float32, for formulas that need its digits."""
    half = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
    return g.cast(x, ir.DataType.FLOAT) if x.dtype in half else x
