"""Add masks before a Softmax, rather than choose by them.

A Softmax with a mask, as Keras has it, is two Where over all logits:

    Where(keep, Softmax(Where(keep, x, low)), 0)

Rules, in float32 and float64, if `keep` is smaller than the logits, as one that all
heads share, and `low` is at most -1e9:

1. the first Where becomes `x + Where(keep, 0, lowest)`, whose Where has the size of the
   mask. Beside such a large number what a masked logit was vanishes, so that a row
   without a kept element is even, as it was;
2. the second goes where only a MatMul reads it: a row with a kept element has zeros
   there already, and one without makes a row of zeros of the product. That row is
   multiplied by 0, all others by 1.

onnxruntime's Where takes as long as a tenth of an encoder. What is made of the mask
alone is the same in each layer, and shared by a later pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.builder.versions import takes_axes_as_input
from keras_acts.export.passes.nodes import bypass, graph_of, has_single_use, kind
from keras_acts.export.passes.weights import Array, constant

_DTYPES = (ir.DataType.FLOAT, ir.DataType.DOUBLE)
_LARGEST_LOW = -1e9
_LOWEST = -0.7
"""What is added to masked logits, as a fraction of the largest number."""


class AddMasksPass(InPlacePass):
    """Add masks to logits, and mask averages by rows (rules 1 and 2)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each Softmax, in graph order."""
        modified, constants = False, _Constants(model.graph)
        for node in list(model.graph.all_nodes()):
            if kind(node) != "Softmax":
                continue
            keep = _mask_before(node)
            if keep is not None:
                _mask_after(node, keep, constants)
                _add(node, keep, constants)
                modified = True
        return PassResult(model, modified)


class _Constants:
    """Constants that all masks share, made when they are first asked for."""

    def __init__(self, graph: ir.Graph) -> None:
        self._graph = graph
        self._made: dict[tuple[str, str], ir.Value] = {}
        self.opset = graph.opset_imports[""]

    def number(self, name: str, x: float, dtype: ir.DataType) -> ir.Value:
        """Return a scalar."""
        return self._get(name, np.asarray(x, dtype.numpy()))

    @property
    def last_axis(self) -> ir.Value:
        """The axis -1, as a reduction takes it."""
        return self._get("last_axis", np.asarray([-1], np.int64))

    def _get(self, name: str, array: Array) -> ir.Value:
        key = (name, array.dtype.name)
        if key not in self._made:
            self._made[key] = constant(self._graph, array, f"mask/{'/'.join(key)}")
        return self._made[key]


def _mask_before(softmax: ir.Node) -> ir.Value | None:
    """Return the mask of what to keep that lowers the logits of a Softmax."""
    x = softmax.inputs[0]
    where = None if x is None else x.producer()
    if x is None or where is None or kind(where) != "Where" or not has_single_use(x):
        return None
    keep, logits, low = where.inputs
    if keep is None or logits is None or low is None or low.const_value is None:
        return None
    if where.graph is not softmax.graph or logits.dtype not in _DTYPES:
        return None
    number = low.const_value
    if number.size != 1 or not number.numpy().reshape(()) <= _LARGEST_LOW:
        return None
    return keep if _is_smaller(keep, logits) else None


def _is_smaller(keep: ir.Value, logits: ir.Value) -> bool:
    """Whether a mask has size 1 along an axis along which the logits have another."""
    if keep.shape is None or logits.shape is None:
        return False
    missing = len(logits.shape) - len(keep.shape)
    if missing < 0:
        return False
    aligned = [1] * missing + list(keep.shape)
    pairs = zip(aligned, logits.shape, strict=True)
    return any(size == 1 and other != 1 for size, other in pairs)


def _add(softmax: ir.Node, keep: ir.Value, constants: _Constants) -> None:
    """Rule 1: add the mask to the logits."""
    x = softmax.inputs[0]
    where = None if x is None else x.producer()
    assert where is not None  # `_mask_before` checked all of this
    logits = where.inputs[1]
    assert logits is not None
    assert logits.dtype is not None
    dtype = logits.dtype
    lowest = constants.number("lowest", _LOWEST * float(dtype.max), dtype)
    zero = constants.number("zero", 0.0, dtype)
    bias = _before(where, "Where", "bias", [keep, zero, lowest], logits)
    bias.shape = keep.shape
    added = _before(where, "Add", "masked", [logits, bias], logits)
    added.shape = where.outputs[0].shape
    bypass(where, added)


def _mask_after(softmax: ir.Node, keep: ir.Value, constants: _Constants) -> None:
    """Rule 2: mask what a product makes of the rows of a Softmax."""
    weights = softmax.outputs[0]
    product = _product_of_kept(softmax, keep)
    if product is None:
        return
    where, values = product.inputs
    assert where is not None
    assert weights.dtype is not None
    number = _before(product, "Cast", "kept", [keep], weights, to=weights.dtype.value)
    kept_rows = _row_maximum(product, number, constants)
    averages = _before(product, "MatMul", "averages", [weights, values], weights)
    averages.shape = product.outputs[0].shape
    masked = _before(product, "Mul", "masked", [averages, kept_rows], weights)
    masked.shape = product.outputs[0].shape
    choice = where.producer()
    bypass(product, masked)
    assert choice is not None
    graph_of(choice).remove(choice, safe=True)


def _product_of_kept(softmax: ir.Node, keep: ir.Value) -> ir.Node | None:
    """Return the only reader, a MatMul, of the weights of what is kept."""
    weights = softmax.outputs[0]
    if not has_single_use(weights) or not _is_over_last_axis(softmax):
        return None
    choice = weights.consumers()[0]
    if kind(choice) != "Where" or choice.graph is not softmax.graph:
        return None
    zero = choice.inputs[2]
    if choice.inputs[0] is not keep or choice.inputs[1] is not weights:
        return None
    if zero is None or zero.const_value is None or zero.const_value.size != 1:
        return None
    chosen = choice.outputs[0]
    if zero.const_value.numpy().any() or not has_single_use(chosen):
        return None
    product = chosen.consumers()[0]
    if kind(product) != "MatMul" or product.graph is not softmax.graph:
        return None
    result, mask = product.outputs[0].shape, keep.shape
    has_rows = mask and result is not None and len(result) >= _rank(softmax)
    return product if product.inputs[0] is chosen and has_rows else None


def _rank(softmax: ir.Node) -> int:
    """Return the rank of masked logits, of which `_mask_before` knows it."""
    x = softmax.inputs[0]
    where = None if x is None else x.producer()
    logits = None if where is None else where.inputs[1]
    return 0 if logits is None or logits.shape is None else len(logits.shape)


def _is_over_last_axis(softmax: ir.Node) -> bool:
    given = softmax.attributes.get("axis")
    axis = -1 if given is None else given.as_int()
    return axis in (-1, _rank(softmax) - 1)


def _row_maximum(reader: ir.Node, number: ir.Value, constants: _Constants) -> ir.Value:
    """Return the maximum along the last axis, which stays with size 1."""
    if takes_axes_as_input("ReduceMax", constants.opset):
        inputs = [number, constants.last_axis]
        return _before(reader, "ReduceMax", "kept_rows", inputs, number)
    return _before(reader, "ReduceMax", "kept_rows", [number], number, axes=[-1])


def _before(
    reader: ir.Node,
    op_type: str,
    name: str,
    inputs: Sequence[ir.Value | None],
    like: ir.Value,
    **attributes: Any,
) -> ir.Value:
    """Insert a node before another, and return its result, of the dtype of `like`."""
    name = f"{reader.name}/{name}"
    result = ir.Value(name=name, type=like.type)
    node = ir.node(op_type, inputs, attributes, outputs=[result], name=name)
    graph_of(reader).insert_before(reader, node)
    return result
