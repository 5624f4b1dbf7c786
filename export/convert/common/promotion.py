"""Promotion of operands to the result's dtype, and registration of converters by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.registry import converts
from keras_acts.export.trace import flatten


def promoted(g: GraphBuilder, *operands: Operand) -> list[ir.Value]:
    """Cast operands to the dtype of the current operation's result."""
    return [g.cast(x, g.spec.dtype) for x in operands]


Binary = Callable[[GraphBuilder, ir.Value, ir.Value], ir.Value]


def register_binary(kind: str, compute: Binary) -> None:
    """Register the converter of a binary operation, computed in the result's dtype."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
        """Promote both operands, and append the registered formula."""
        return compute(g, *promoted(g, x1, x2))


_COMPUTES = ("activations.", "keras_acts.", "linalg.", "math.", "nn.")
"""The namespaces of operations that compute in floats, of integers too."""

_TAKES_INTEGERS = frozenset(
    (
        *(f"math.Segment{name}" for name in ("Max", "Min", "Prod", "Sum")),
        *("nn.CTCDecode", "nn.CTCLoss", "nn.DotProductAttention", "nn.MultiHot"),
        *("nn.OneHot", "nn.SparseCategoricalCrossentropy"),
    )
)
"""The operations there that take labels, lengths, numbers of segments, or masks."""

_CONVOLVES = frozenset(
    f"nn.{name}" for name in ("Conv", "ConvTranspose", "DepthwiseConv", "SeparableConv")
)
"""The operations whose operators take tensors of one dtype alone."""


def in_result_dtype(g: GraphBuilder, kind: str, x: Any) -> Any:
    """Cast an argument that is not yet in the floats that an operation computes in.

    The backends do so with integers and booleans, and with a kernel of other floats.
    """
    result = next((y.dtype for y in flatten(g.spec) if y is not None), "")
    if not isinstance(x, ir.Value) or "float" not in result or x.dtype is None:
        return x
    if not kind.startswith(_COMPUTES) or kind in _TAKES_INTEGERS:
        return x
    if x.dtype.is_floating_point() and kind not in _CONVOLVES:
        return x
    return g.cast(x, result)


def is_float(x: ir.Value) -> bool:
    """Whether the dtype of a value is a floating-point type."""
    return x.dtype is not None and x.dtype.is_floating_point()


Unary = Callable[[GraphBuilder, ir.Value], ir.Value]


def register_unary(kind: str, compute: Unary) -> None:
    """Register the converter of a unary operation, computed in the result's dtype."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Promote the operand, and append the registered formula."""
        return compute(g, *promoted(g, x))


def half_to_float32(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Cast float16 and bfloat16 to float32, for formulas that need its precision."""
    half = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
    return g.cast(x, ir.DataType.FLOAT) if x.dtype in half else x
