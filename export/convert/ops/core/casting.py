"""`keras.ops` of the core: casts, and what is the identity in inference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.promotion import is_float
from keras_acts.export.convert.registry import converts


@converts("core.Cast", "core.ConvertToTensor", "core.StopGradient")
def cast(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """The caller casts each result to the dtype that Keras says it has."""
    return x


@converts("core.SaturateCast")
def saturate_cast(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return saturated(g, x, g.dtype(op.dtype))


def saturated(g: GraphBuilder, x: ir.Value, target: ir.DataType) -> ir.Value:
    """Clip a value to what an integer type can hold, before it is cast to that."""
    if target.is_floating_point() or target == ir.DataType.BOOL:
        return x
    limits = np.iinfo(target.numpy())
    low, high = _representable(g, x, limits.min), _representable(g, x, limits.max)
    clipped: ir.Value = g.Clip(x, low, high)
    return clipped


def _representable(g: GraphBuilder, x: ir.Value, limit: int) -> Operand:
    """Return the number nearest to a limit, and within it, that a value can hold."""
    dtype = x.dtype.numpy()  # type: ignore[union-attr]
    if is_float(x):
        near = np.asarray(limit, dtype)
        beyond = abs(int(near)) > abs(limit)
        return np.nextafter(near, np.zeros_like(near)) if beyond else near
    limits = np.iinfo(dtype)
    return np.asarray(min(max(limit, limits.min), limits.max), dtype)
