"""Functions of single elements: roots, exponentials, logarithms, rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.arrays import host_array
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import (
    Unary,
    half_to_float32,
    is_float,
    promoted,
    register_unary,
)
from keras_acts.export.convert.registry import converts


def log1p(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return log(1 + x), corrected for the rounding of 1 + x (Kahan)."""
    x = half_to_float32(g, x)
    u = g.Add(x, 1.0)
    d = g.Sub(u, 1.0)
    corrected = g.Mul(g.Log(u), g.Div(x, d))
    near_zero = g.Where(g.Equal(d, 0.0), x, corrected)
    return g.Where(g.Less(g.Abs(x), 1.0), near_zero, g.Log(u))


def expm1(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return e^x - 1, corrected for the rounding of e^x (Kahan)."""
    x = half_to_float32(g, x)
    u = g.Exp(x)
    d = g.Sub(u, 1.0)
    corrected = g.Mul(d, g.Div(x, g.Log(u)))
    near_zero = g.Where(g.Equal(d, 0.0), x, corrected)
    return g.Where(g.Less(g.Abs(x), 1.0), near_zero, d)


def trunc(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Round toward zero."""
    if not is_float(x):
        return x
    return g.Where(g.Less(x, 0.0), g.Ceil(x), g.Floor(x))


def cube_root(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the real cube root, negative for negative numbers."""
    return g.Mul(g.Sign(x), g.Pow(g.Abs(x), 1.0 / 3.0))


UNARY: dict[str, Unary] = {
    "numpy.Abs": lambda g, x: g.Abs(x),
    "numpy.Absolute": lambda g, x: g.Abs(x),
    "numpy.Cbrt": cube_root,
    "numpy.Ceil": lambda g, x: g.Ceil(x),
    "numpy.Deg2rad": lambda g, x: g.Mul(x, math.pi / 180.0),
    "numpy.Exp": lambda g, x: g.Exp(x),
    "numpy.Exp2": lambda g, x: g.Pow(2.0, x),
    "numpy.Expm1": expm1,
    "numpy.Fabs": lambda g, x: g.Abs(x),
    "numpy.Floor": lambda g, x: g.Floor(x),
    "numpy.Log": lambda g, x: g.Log(x),
    "numpy.Log10": lambda g, x: g.Div(g.Log(x), math.log(10.0)),
    "numpy.Log1p": log1p,
    "numpy.Log2": lambda g, x: g.Div(g.Log(x), math.log(2.0)),
    "numpy.Negative": lambda g, x: g.Neg(x),
    "numpy.Rad2deg": lambda g, x: g.Mul(x, 180.0 / math.pi),
    "numpy.Reciprocal": lambda g, x: g.Reciprocal(x),
    "numpy.Sign": lambda g, x: g.Sign(x),
    "numpy.Sqrt": lambda g, x: g.Sqrt(x),
    "numpy.Square": lambda g, x: g.Mul(x, x),
    "numpy.Trunc": trunc,
}
for _kind, _compute in UNARY.items():
    register_unary(_kind, _compute)


@converts("numpy.Array", "numpy.Copy")
def copy(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.array` and `ops.copy` to the operand itself."""
    return x


@converts("numpy.Round")
def round_half_to_even(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.round` to Round, scaled by a power of ten for `decimals`."""
    if op.decimals == 0:
        return g.Round(x) if is_float(x) else x
    scale = 10.0 ** abs(op.decimals)
    if is_float(x) and op.decimals > 0:
        return g.Div(g.Round(g.Mul(x, scale)), scale)
    if op.decimals > 0:
        return x
    number = x if is_float(x) else g.cast(x, ir.DataType.DOUBLE)
    return g.Mul(g.Round(g.Div(number, scale)), scale)


@converts("numpy.Clip")
def clip(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.clip` to Clip, or to Max and Min if a bound is a tensor."""
    (x,) = promoted(g, x)
    low, high = (_bound(g, x, bound) for bound in (op.x_min, op.x_max))
    if all(bound is None or _is_number(bound) for bound in (low, high)):
        return g.Clip(x, low, high)
    x = x if low is None else g.Max(x, low)
    return x if high is None else g.Min(x, high)


def _is_number(bound: Any) -> bool:
    return isinstance(bound, np.ndarray) and not bound.ndim


def _bound(g: GraphBuilder, x: ir.Value, bound: Any) -> Any:
    """Return a bound in the dtype of `x`, clipped to its range."""
    if bound is None:
        return None
    if isinstance(bound, ir.Value):
        return g.cast(bound, require_dtype(x))
    dtype = require_dtype(x)
    array = host_array(bound)
    if not dtype.is_floating_point():
        array = np.clip(array, np.iinfo(dtype.numpy()).min, np.iinfo(dtype.numpy()).max)
    return array.astype(dtype.numpy())


@converts("numpy.NanToNum")
def nan_to_num(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.nan_to_num` to Where and Clip; the shape stays."""
    if not is_float(x):
        return x
    dtype = require_dtype(x)
    largest, lowest = (np.asarray(one, dtype.numpy()) for one in (dtype.max, dtype.min))
    infinite = np.asarray(np.inf, dtype.numpy())
    x = g.Where(g.IsNaN(x), float(op.nan), x)
    if op.posinf is None and op.neginf is None:
        return g.Clip(x, lowest, largest)
    above = largest if op.posinf is None else float(op.posinf)
    below = lowest if op.neginf is None else float(op.neginf)
    x = g.Where(g.Equal(x, infinite), g.cast(above, dtype), x)
    return g.Where(g.Equal(x, -infinite), g.cast(below, dtype), x)
