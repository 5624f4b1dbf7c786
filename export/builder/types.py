"""Element types: Keras's names in ONNX."""

from __future__ import annotations

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


def keras_dtype(x: ir.Value) -> str:
    """Return Keras's name of a value's type."""
    return KERAS_DTYPES[require_dtype(x)]


def require_dtype(x: ir.Value) -> ir.DataType:
    """Return the type of a value that must have one."""
    if x.dtype is None:
        raise ValueError(f"A value's dtype must be known. Received: {x!r}")
    return x.dtype
