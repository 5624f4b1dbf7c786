"""Resizing of images, where ONNX has the same definition as Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.ops.spatial import transposed
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import OpsetError, UnsupportedOperationError

# Attributes of ONNX's Resize that give each of Keras's interpolations: all take the
# centers of pixels; nearest takes the upper of two that are equally near.
_CENTERS = {"coordinate_transformation_mode": "half_pixel"}
_INTERPOLATIONS: dict[str, dict[str, Any]] = {
    "bicubic": {
        **_CENTERS,
        "mode": "cubic",
        "cubic_coeff_a": -0.5,
        "exclude_outside": 1,
    },
    "bilinear": {**_CENTERS, "mode": "linear"},
    "nearest": {**_CENTERS, "mode": "nearest", "nearest_mode": "round_prefer_ceil"},
}


def resize(
    g: GraphBuilder,
    x: ir.Value,
    axes: Sequence[int],
    interpolation: str,
    *,
    sizes: Sequence[int] | None = None,
    scales: Sequence[float] | None = None,
    antialias: bool = False,
) -> ir.Value:
    """Resize some axes of a tensor to new sizes, or by factors.

    The runtime's interpolations take the last axes, so the others go before them. All
    are named, not by `axes`: onnxruntime 1.31 forgets it when it moves a transpose.
    """
    attributes = _attributes(g, x, interpolation, antialias=antialias)
    rank, outer = g.rank(x), g.rank(x) - len(axes)
    order = [axis for axis in range(rank) if axis not in axes] + list(axes)
    # No other type has a kernel everywhere.
    x = transposed(g, g.cast(x, ir.DataType.FLOAT), order)
    kept = [g.size(x, axis) for axis in range(outer)]
    if interpolation == "bicubic":
        # Images one by one: between two transposes the runtime would resize with the
        # channels last, where it can't shrink; across a reshape it moves none.
        spatial = (g.size(x, axis) for axis in range(outer, rank))
        x = g.with_shape(g.Reshape(x, g.shape(-1, 1, *spatial)), [None, 1, None, None])
    if scales is not None:
        ratios = np.asarray([1.0] * outer + list(scales), np.float32)
        y = g.Resize(x, None, ratios, **attributes)
    else:
        others = (g.size(x, axis) for axis in range(g.rank(x) - len(axes)))
        y = g.Resize(x, None, None, g.shape(*others, *(sizes or ())), **attributes)
    if interpolation == "bicubic":
        y = g.Reshape(y, g.Concat(g.shape(*kept), g.Shape(y, start=2), axis=0))
    y = g.with_shape(y, [None] * rank)
    return transposed(g, y, [order.index(axis) for axis in range(rank)])


def _attributes(
    g: GraphBuilder, x: ir.Value, interpolation: str, *, antialias: bool
) -> dict[str, Any]:
    if interpolation not in _INTERPOLATIONS:
        raise UnsupportedOperationError(
            f"`interpolation` must be one of {sorted(_INTERPOLATIONS)} in ONNX. "
            f"Received: interpolation={interpolation!r}"
        )
    if x.dtype == ir.DataType.DOUBLE:
        raise UnsupportedOperationError(
            "Runtimes resize images in float32 only: export with `dtype='float32'`. "
            "Received: an image of float64"
        )
    if antialias and g.opset < 18:
        raise OpsetError(
            f"Resizing with `antialias=True` needs opset 18. Received: opset={g.opset}"
        )
    smooth = antialias and interpolation != "nearest"
    return _INTERPOLATIONS[interpolation] | ({"antialias": 1} if smooth else {})


@converts("image.Resize")
def resize_images(g: GraphBuilder, op: Any, images: Operand) -> ir.Value:
    if op.crop_to_aspect_ratio or op.pad_to_aspect_ratio:
        raise UnsupportedOperationError(
            "Images are resized to a size alone. "
            f"Received: crop_to_aspect_ratio={op.crop_to_aspect_ratio}, "
            f"pad_to_aspect_ratio={op.pad_to_aspect_ratio}"
        )
    x = g.cast(images, g.spec.dtype)
    last = op.data_format == "channels_last"
    axes = [axis % g.rank(x) for axis in ((-3, -2) if last else (-2, -1))]
    sizes = [int(size) for size in op.size]
    return resize(g, x, axes, op.interpolation, sizes=sizes, antialias=op.antialias)
