"""Element types: Keras's names in ONNX, and the types that operators return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir as ir

ONNX_DTYPES: dict[str, ir.DataType] = {
    "bool": ir.DataType.BOOL,
    "int8": ir.DataType.INT8,
    "int16": ir.DataType.INT16,
    "int32": ir.DataType.INT32,
    "int64": ir.DataType.INT64,
    "uint8": ir.DataType.UINT8,
    "uint16": ir.DataType.UINT16,
    "uint32": ir.DataType.UINT32,
    "uint64": ir.DataType.UINT64,
    "float16": ir.DataType.FLOAT16,
    "bfloat16": ir.DataType.BFLOAT16,
    "float32": ir.DataType.FLOAT,
    "float64": ir.DataType.DOUBLE,
    "float8_e4m3fn": ir.DataType.FLOAT8E4M3FN,
    "float8_e5m2": ir.DataType.FLOAT8E5M2,
    "complex64": ir.DataType.COMPLEX64,
    "string": ir.DataType.STRING,
}

KERAS_DTYPES = {dtype: name for name, dtype in ONNX_DTYPES.items()}

# Operators whose result has a type of its own, whatever they take.
_FIXED: dict[str, ir.DataType] = {
    **dict.fromkeys(
        (
            "And",
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "IsInf",
            "IsNaN",
            "Less",
            "LessOrEqual",
            "Not",
            "Or",
            "Xor",
        ),
        ir.DataType.BOOL,
    ),
    **dict.fromkeys(
        ("ArgMax", "ArgMin", "NonZero", "Shape", "Size"), ir.DataType.INT64
    ),
    "MatMulInteger": ir.DataType.INT32,
}

# Operators whose result has the type of an input other than the first.
_LIKE_INPUT = {"Where": 1, "OneHot": 2}

# Operators whose second output (TopK: indices) is int64.
_INDEX_OUTPUTS = {
    ("TopK", 1),
    ("MaxPool", 1),
    ("Unique", 1),
    ("Unique", 2),
    ("Unique", 3),
}


# Operators whose results are those of a graph: its attribute, and how many results of
# the graph come before.
_GRAPHS = {"If": ("then_branch", 0), "Loop": ("body", 1), "Scan": ("body", 0)}


def output_dtype(
    op_type: str,
    index: int,
    inputs: Sequence[ir.Value | None],
    attributes: Mapping[str, Any],
) -> ir.DataType | None:
    """Return the type of an operator's output."""
    if op_type in ("BitCast", "Cast", "CastLike") and "to" in attributes:
        return ir.DataType(attributes["to"])
    if op_type == "ConstantOfShape" and "value" in attributes:
        dtype: ir.DataType = attributes["value"].dtype
        return dtype
    if op_type in _FIXED:
        return _FIXED[op_type]
    if (op_type, index) in _INDEX_OUTPUTS:
        return ir.DataType.INT64
    if op_type in _GRAPHS:
        name, before = _GRAPHS[op_type]
        made: ir.DataType | None = attributes[name].outputs[before + index].dtype
        return made
    position = typed_input(op_type)
    source = inputs[position] if position < len(inputs) else None
    return None if source is None else source.dtype


def typed_input(op_type: str) -> int:
    """Return the position of the input whose type an operator's result has."""
    return _LIKE_INPUT.get(op_type, 0)


def keras_dtype(x: ir.Value) -> str:
    """Return Keras's name of a value's type."""
    return KERAS_DTYPES[require_dtype(x)]


def require_dtype(x: ir.Value) -> ir.DataType:
    """Return the type of a value that must have one."""
    if x.dtype is None:
        raise ValueError(f"A value's dtype must be known. Received: {x!r}")
    return x.dtype
