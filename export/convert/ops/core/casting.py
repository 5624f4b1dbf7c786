"""Casts, and operations that are the identity in inference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.promotion import is_float
from keras_acts.export.convert.registry import converts


@converts("core.Cast", "core.ConvertToTensor", "core.StopGradient")
def cast(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Return x: the caller casts each result to the dtype that Keras gives it."""
    return x


@converts("core.SaturateCast")
def saturate_cast(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.saturate_cast` to a Clip to the range of the dtype, then a Cast."""
    return saturated(g, x, g.dtype(op.dtype))


def saturated(g: GraphBuilder, x: ir.Value, target: ir.DataType) -> ir.Value:
    """Clip a value to the range of an integer dtype, before a cast to it."""
    if target.is_floating_point() or target == ir.DataType.BOOL:
        return x
    info = np.iinfo(target.numpy())
    lower, upper = _representable(g, x, info.min), _representable(g, x, info.max)
    return g.Clip(x, lower, upper)


def _representable(g: GraphBuilder, x: ir.Value, limit: int) -> Operand:
    """Return the closest number to a limit, not beyond it, in the dtype of x."""
    dtype = x.dtype.numpy()  # type: ignore[union-attr]
    if is_float(x):
        rounded = np.asarray(limit, dtype)
        exceeds = abs(int(rounded)) > abs(limit)
        return np.nextafter(rounded, np.zeros_like(rounded)) if exceeds else rounded
    limits = np.iinfo(dtype)
    return np.asarray(min(max(limit, limits.min), limits.max), dtype)
