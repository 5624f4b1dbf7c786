"""Fold zeros padded around an image into the convolution or pooling that reads it.

Rules, for a Pad with zeros along the spatial axes only, with constant widths, that
nothing else reads, optionally with a Transpose after it:

1. a Conv reads it: the widths are added to its pads;
2. an AveragePool that counts its pads, or has none, reads it: likewise;
3. a MaxPool reads it, and the image has no negative numbers: likewise, since MaxPool
   ignores its pads. Each window must overlap the image.

onnxruntime keeps images in blocked layout between convolutions; a Pad interrupts that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import has_single_use, kind, permutation, remove
from keras_acts.export.passes.weights import tensor_of

_NEVER_NEGATIVE = frozenset(
    ("Abs", "Exp", "HardSigmoid", "Relu", "Sigmoid", "Softmax", "Softplus", "Sqrt")
)


class FoldPadsPass(InPlacePass):
    """Fold Pad into Conv, AveragePool and MaxPool (rules 1 to 3)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each convolution and pooling, in graph order."""
        modified = False
        for node in model.graph.all_nodes():
            accepts = _RULES.get(kind(node))
            if accepts is None or _has_own_padding(node):
                continue
            pad, axes = _pad_before(node)
            if pad is None or pad.inputs[0] is None:
                continue
            widths = _widths(pad, axes)
            if widths is not None and accepts(node, pad.inputs[0], widths):
                _fold(node, pad, widths)
                modified = True
        return PassResult(model, modified)


def _has_own_padding(node: ir.Node) -> bool:
    """Whether the padding of a node depends on the sizes of its input."""
    auto = node.attributes.get("auto_pad")
    return auto is not None and auto.as_string() != "NOTSET"


def _pad_before(node: ir.Node) -> tuple[ir.Node | None, Sequence[int] | None]:
    """Return the Pad before a node, and the permutation of a Transpose between."""
    x, axes = node.inputs[0], None
    before = None if x is None or not has_single_use(x) else x.producer()
    if before is not None and kind(before) == "Transpose":
        axes = permutation(before)
        if axes is None:
            return None, None
        x = before.inputs[0]
        before = None if x is None or not has_single_use(x) else x.producer()
    found = before is not None and kind(before) == "Pad"
    return (before if found else None), axes


def _widths(pad: ir.Node, axes: Sequence[int] | None) -> list[int] | None:
    """Return the widths in the order of `pads`, or None if they can't be folded."""
    mode, given = pad.attributes.get("mode"), pad.inputs[1]
    if mode is not None and mode.as_string() != "constant":
        return None
    if given is None or given.const_value is None or len(pad.inputs) > 3:
        return None
    filler = pad.inputs[2] if len(pad.inputs) > 2 else None
    if filler is not None:
        known = filler.const_value
        if known is None or np.any(known.numpy()):
            return None
    both = tensor_of(given).numpy().reshape(2, -1)
    both = both if axes is None else both[:, list(axes)]
    if np.any(both < 0) or np.any(both[:, :2]):
        return None
    return [int(width) for width in both[:, 2:].reshape(-1)]


def _conv_accepts(_node: ir.Node, _x: ir.Value, _widths: list[int]) -> bool:
    """Rule 1: a Conv takes over any widths."""
    return True


def _average_pool_accepts(node: ir.Node, _x: ir.Value, widths: list[int]) -> bool:
    """Rule 2: an AveragePool takes over the widths if it counts its pads."""
    counts = node.attributes.get("count_include_pad")
    counted = counts is not None and counts.as_int() == 1
    return (counted or not any(_pads(node, widths))) and _windows_overlap_image(
        node, widths
    )


def _max_pool_accepts(node: ir.Node, x: ir.Value, widths: list[int]) -> bool:
    """Rule 3: a MaxPool takes over the widths if no number is negative."""
    producer = x.producer()
    if producer is not None and kind(producer) == "Transpose" and producer.inputs[0]:
        producer = producer.inputs[0].producer()
    nonnegative = producer is not None and kind(producer) in _NEVER_NEGATIVE
    return (
        nonnegative and len(node.outputs) == 1 and _windows_overlap_image(node, widths)
    )


def _windows_overlap_image(node: ir.Node, widths: Sequence[int]) -> bool:
    """Whether each window overlaps the image, whatever its size."""
    window = list(node.attributes["kernel_shape"].as_ints())
    ceil, dilations = (node.attributes.get(n) for n in ("ceil_mode", "dilations"))
    if ceil is not None and ceil.as_int() != 0:
        return False
    if dilations is not None and any(one != 1 for one in dilations.as_ints()):
        return False
    total = [a + b for a, b in zip(_pads(node, widths), widths, strict=True)]
    return all(a < size for a, size in zip(total, window * 2, strict=True))


_RULES = {
    "AveragePool": _average_pool_accepts,
    "Conv": _conv_accepts,
    "MaxPool": _max_pool_accepts,
}


def _pads(node: ir.Node, like: Sequence[int]) -> list[int]:
    pads = node.attributes.get("pads")
    return [0] * len(like) if pads is None else list(pads.as_ints())


def _fold(node: ir.Node, pad: ir.Node, widths: Sequence[int]) -> None:
    """Add the widths to a node's pads, and remove the Pad before it."""
    total = [a + b for a, b in zip(_pads(node, widths), widths, strict=True)]
    node.attributes["pads"] = ir.AttrInt64s("pads", total)
    if kind(node) == "AveragePool":
        node.attributes["count_include_pad"] = ir.AttrInt64("count_include_pad", 1)
    x, padded = pad.inputs[0], pad.outputs[0]
    (use,) = padded.uses()
    use.node.replace_input_with(use.idx, x)
    if kind(use.node) == "Transpose":
        _forget_sizes(use.node.outputs[0])
    remove(pad)


def _forget_sizes(x: ir.Value) -> None:
    """Reset the spatial sizes, which are no longer padded, for shape inference."""
    if x.shape is not None:
        x.shape = ir.Shape([*x.shape[:2], *[None] * (len(x.shape) - 2)])
