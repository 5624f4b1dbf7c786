"""Element types without a kernel, and the wider ones to compute in instead.

ONNX leaves some types out of an operator's signature, and onnxruntime's CPU provider
has no kernel for some others. `GraphBuilder` casts around such an operator, so that
converters need not know. The widening is exact but for the wrap-around of integers,
which the cast back restores. float64 is never narrowed: where its kernel is missing a
converter composes the result of other operators.
"""

from __future__ import annotations

import onnx_ir as ir

D = ir.DataType

_WIDER: dict[ir.DataType, ir.DataType] = {
    D.BOOL: D.INT32,
    D.INT8: D.INT32,
    D.INT16: D.INT32,
    D.UINT8: D.INT32,
    D.UINT16: D.INT32,
    D.UINT32: D.INT64,
    D.UINT64: D.INT64,
    D.FLOAT16: D.FLOAT,
    D.BFLOAT16: D.FLOAT,
}

_SMALL = frozenset((D.BOOL, D.INT8, D.INT16, D.UINT8, D.UINT16, D.BFLOAT16))
_NARROW = _SMALL | {D.UINT32, D.UINT64}
_BFLOAT16 = frozenset((D.BFLOAT16,))
_HALVES = frozenset((D.FLOAT16, D.BFLOAT16))

_MISSING: dict[str, frozenset[ir.DataType]] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _SMALL),
    **dict.fromkeys(("Max", "Min", "Clip"), _SMALL),
    **dict.fromkeys(("Greater", "GreaterOrEqual", "Less", "LessOrEqual"), _SMALL),
    **dict.fromkeys(
        (
            "ArgMax",
            "ArgMin",
            "CumSum",
            "CumProd",
            "Einsum",
            "MatMul",
            "Neg",
            "Pow",
            "Range",
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare",
            "Relu",
            "TopK",
            "Trilu",
        ),
        _NARROW,
    ),
    **dict.fromkeys(
        (
            "AveragePool",
            "BatchNormalization",
            "Celu",
            "Ceil",
            "Conv",
            "ConvTranspose",
            "Cos",
            "Elu",
            "Equal",
            "Erf",
            "Exp",
            "Expand",
            "Floor",
            "Gelu",
            "Gemm",
            "GlobalAveragePool",
            "GlobalMaxPool",
            "HardSigmoid",
            "HardSwish",
            "IsNaN",
            "LayerNormalization",
            "LeakyRelu",
            "Log",
            "LogSoftmax",
            "MaxPool",
            "Mish",
            "PRelu",
            "Reciprocal",
            "Round",
            "Selu",
            "Sigmoid",
            "Sin",
            "Softmax",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Tanh",
            "ThresholdedRelu",
            "Tile",
        ),
        _BFLOAT16,
    ),
    **dict.fromkeys(
        ("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Sinh", "Tan"),
        _BFLOAT16,
    ),
    "Abs": frozenset((D.BOOL, D.BFLOAT16)),
    "DepthToSpace": _SMALL | {D.INT32, D.UINT32},
    **dict.fromkeys(("GRU", "LSTM", "RNN"), _HALVES),
    "IsInf": _HALVES,
    "Mod": _SMALL,
    "Pad": frozenset((D.INT16, D.UINT16, D.BFLOAT16)),
    "Resize": frozenset((D.BOOL, D.INT16, D.UINT16, D.FLOAT16, D.BFLOAT16)),
    "Sign": frozenset((D.BOOL,)),
    "SpaceToDepth": _SMALL,
    "Where": frozenset((D.BOOL, D.INT8, D.INT16, D.UINT16, D.UINT64, D.BFLOAT16)),
}
_MISSING["Range"] |= {D.FLOAT16}


def wider(op_type: str, dtype: ir.DataType) -> ir.DataType | None:
    """Return the type to compute an operator in, or None where its own will do."""
    return _WIDER[dtype] if dtype in _MISSING.get(op_type, ()) else None
