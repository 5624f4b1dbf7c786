"""TensorFlow's operations that resize images, as ONNX's Resize by sizes.

tf2onnx 1.17 writes scales where the sizes are known, which are rounded: 5 × 1.4 is 6 in
float32. It takes an area's mean for its first pixel, and the old cubic kernel for the
new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.resampling import resize_by_weights
from keras_acts.export.errors import UnsupportedOperationError

_FIRST, _LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_SPATIAL = (1, 2)

_CORNERS = "align_corners"
_CENTERS = "half_pixel"
_LEFT = "asymmetric"

_LINEAR: Mapping[str, Any] = {"mode": "linear"}
_CUBIC: Mapping[str, Any] = {
    "mode": "cubic",
    "cubic_coeff_a": -0.5,
    "exclude_outside": 1,
}
_OLD_CUBIC: Mapping[str, Any] = {"mode": "cubic", "cubic_coeff_a": -0.75}
_UP: Mapping[str, Any] = {"mode": "nearest", "nearest_mode": "round_prefer_ceil"}
_DOWN: Mapping[str, Any] = {"mode": "nearest", "nearest_mode": "floor"}

_ATTRIBUTES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ResizeBicubic": {_CENTERS: _CUBIC, _CORNERS: _OLD_CUBIC, _LEFT: _OLD_CUBIC},
    "ResizeBilinear": {_CENTERS: _LINEAR, _CORNERS: _LINEAR, _LEFT: _LINEAR},
    "ResizeNearestNeighbor": {_CENTERS: _UP, _CORNERS: _UP, _LEFT: _DOWN},
}
"""The attributes of Resize, by operation and by the rule for coordinates."""


def resized(g: GraphBuilder, node: ir.Node) -> ir.Value:
    """Map `ResizeBilinear`, `ResizeBicubic` and `ResizeNearestNeighbor` to Resize."""
    images, size = (x for x in node.inputs[:2] if x is not None)
    rule = _rule(node)
    first = g.Transpose(images, perm=_FIRST)
    dtype = images.dtype
    if node.op_type != "ResizeNearestNeighbor":  # these answer in float32
        first, dtype = g.cast(first, ir.DataType.FLOAT), ir.DataType.FLOAT
    new, outer = g.cast(size, ir.DataType.INT64), g.Shape(first, start=0, end=2)
    attributes = {
        "coordinate_transformation_mode": rule,
        **_ATTRIBUTES[node.op_type][rule],
    }
    if attributes["mode"] == "cubic":
        # One channel per image: between two transposes onnxruntime would resize with
        # the channels last, where it can't shrink.
        spatial = g.Shape(first, start=2)
        first = g.Reshape(first, g.Concat(np.asarray([-1, 1]), spatial, axis=0))
    sizes = g.Concat(g.Shape(first, start=0, end=2), new, axis=0)
    y = g.Resize(first, None, None, sizes, **attributes)
    if attributes["mode"] == "cubic":
        y = g.Reshape(y, g.Concat(outer, new, axis=0))
    y.dtype = dtype
    return g.Transpose(y, perm=_LAST)


def averaged(g: GraphBuilder, node: ir.Node) -> ir.Value:
    """Map `ResizeArea` to products with the parts that each pixel has in an area."""
    images, size = (x for x in node.inputs[:2] if x is not None)
    if _rule(node) == _CORNERS:
        raise UnsupportedOperationError(
            "`ResizeArea` is converted with `align_corners=False`, not with True. "
            f"Received: {node.name}"
        )
    if size.const_value is None:
        raise UnsupportedOperationError(
            "`ResizeArea` is converted to sizes that are known. "
            f"Received: {node.name}, of a size that the model computes"
        )
    x = g.cast(images, ir.DataType.FLOAT)
    if x.shape is None:
        x = g.with_shape(g.Identity(x), [None] * 4)
    sizes = [np.int64(one) for one in size.const_value.numpy()]
    return resize_by_weights(g, x, _SPATIAL, sizes, "area", antialias=False)


def _rule(node: ir.Node) -> str:
    """Return how an operation maps coordinates."""
    for name, rule in (("align_corners", _CORNERS), ("half_pixel_centers", _CENTERS)):
        given = node.attributes.get(name)
        if given is not None and given.as_int():
            return rule
    return _LEFT
