"""Images scaled and translated by any amount, as products with weight matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.resampling import (
    Number,
    apply_weights,
    axis_size,
    kernel_weights,
)
from keras_acts.export.convert.ops.core.casting import saturated
from keras_acts.export.convert.registry import converts


@converts("image.ScaleAndTranslate")
def scale_and_translate(
    g: GraphBuilder,
    op: Any,
    images: ir.Value,
    output_shape: Sequence[int],
    scale: ir.Value,
    translation: ir.Value,
) -> ir.Value:
    """Map `image.scale_and_translate` to a MatMul with weights for each axis."""
    floats = require_dtype(images).is_floating_point()
    x = images if floats else g.cast(images, ir.DataType.FLOAT)
    scales, shifts = _known(g, scale), _known(g, translation)
    for i, dim in enumerate(op.spatial_dims):
        axis = dim % g.rank(x)
        new = int(output_shape[axis])
        weights = kernel_weights(
            g,
            axis_size(g, x, axis),
            new,
            _element(g, scales, i),
            _element(g, shifts, i),
            op.method,
            antialias=op.antialias,
        )
        x = apply_weights(g, x, axis, weights, new)
    if floats:
        return x
    low, high = (reduce(g, f"Reduce{end}", images) for end in ("Min", "Max"))
    dtype = ir.DataType.FLOAT
    rounded = g.Min(g.Max(g.Round(x), g.cast(low, dtype)), g.cast(high, dtype))
    return saturated(g, rounded, require_dtype(images))


def _known(g: GraphBuilder, x: ir.Value) -> Number:
    """Return float64 numbers: an array if they are constant, else a value."""
    if x.const_value is not None:
        return x.const_value.numpy().astype(np.float64)
    return g.cast(x, ir.DataType.DOUBLE)


def _element(g: GraphBuilder, numbers: Number, i: int) -> Number:
    if isinstance(numbers, ir.Value):
        return g.Gather(numbers, np.int64(i), axis=0)
    return numbers[i]
