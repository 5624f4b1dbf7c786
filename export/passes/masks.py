"""Mask the averages of attention by products, rather than by a choice.

A Softmax with a mask, as Keras has it, is two Where over all logits:

    MatMul(Where(keep, Softmax(Where(keep, x, low)), 0), values)

Rules for the second, in float32 and float64, if `keep` is smaller than the logits, as
one that all heads share, and `low` is finite:

1. if `keep` is one row for all queries, as a mask of keys is, what is not kept is 0 in
   the values, which are smaller than the weights where there are more queries than a
   head is wide: `MatMul(Softmax(...), values * transposed(keep))`;
2. otherwise the weights are multiplied: `MatMul(Softmax(...) * keep, values)`.

The sums have the same terms, whatever the logits are: what the first Where made is
finite where it is not kept, so that a weight is, or the row has a kept NaN. The first
Where stays: x + low would let through an infinite or NaN logit that it hides.

onnxruntime's Where takes as long as a twentieth of an encoder. What is made of the mask
alone is the same in each layer, and shared by a later pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import graph_of, has_single_use, kind
from keras_acts.export.passes.weights import constant

_DTYPES = (ir.DataType.FLOAT, ir.DataType.DOUBLE)


class MultiplyMasksPass(InPlacePass):
    """Multiply by masks what a Where would choose (rules 1 and 2)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each Softmax, in graph order."""
        modified = False
        for node in list(model.graph.all_nodes()):
            if kind(node) != "Softmax" or not _is_over_last_axis(node):
                continue
            keep = _mask_before(node)
            choice = None if keep is None else _mask_after(node, keep)
            if keep is not None and choice is not None:
                _multiply(model.graph, choice, keep)
                modified = True
        return PassResult(model, modified)


def _mask_before(softmax: ir.Node) -> ir.Value | None:
    """Return the mask beside which logits have a finite constant."""
    where = _producer(softmax.inputs[0], "Where")
    if where is None:
        return None
    keep, logits, low = where.inputs
    if keep is None or logits is None or low is None or low.const_value is None:
        return None
    if logits.dtype not in _DTYPES or not np.isfinite(low.const_value.numpy()).all():
        return None
    return keep if _is_smaller(keep, logits) else None


def _is_smaller(keep: ir.Value, logits: ir.Value) -> bool:
    """Whether a mask has size 1 along an axis along which the logits have another."""
    if not keep.shape or not logits.shape:
        return False
    missing = len(logits.shape) - len(keep.shape)
    if missing < 0:
        return False
    aligned = [1] * missing + list(keep.shape)
    pairs = zip(aligned, logits.shape, strict=True)
    return any(size == 1 and other != 1 for size, other in pairs)


def _is_of_keys(keep: ir.Value, weights: ir.Value, values: ir.Value) -> bool:
    """Whether a mask has one row for the queries, of which there are several."""
    assert keep.shape is not None
    if weights.shape is None or values.shape is None or weights.shape[-2] == 1:
        return False
    same = len(values.shape) == len(weights.shape) >= len(keep.shape)
    return same and (len(keep.shape) == 1 or keep.shape[-2] == 1)


def _mask_after(softmax: ir.Node, keep: ir.Value) -> ir.Node | None:
    """Return the Where that masks weights by 0, which only a MatMul reads."""
    weights = softmax.outputs[0]
    if not has_single_use(weights):
        return None
    choice = weights.consumers()[0]
    if kind(choice) != "Where" or choice.graph is not softmax.graph:
        return None
    zero, chosen = choice.inputs[2], choice.outputs[0]
    if choice.inputs[0] is not keep or choice.inputs[1] is not weights:
        return None
    if zero is None or zero.const_value is None or zero.const_value.size != 1:
        return None
    if zero.const_value.numpy().any() or not has_single_use(chosen):
        return None
    product = chosen.consumers()[0]
    if kind(product) != "MatMul" or product.graph is not softmax.graph:
        return None
    return choice if product.inputs[0] is chosen else None


def _multiply(main: ir.Graph, choice: ir.Node, keep: ir.Value) -> None:
    """Multiply the values (rule 1) or the weights (rule 2)."""
    product, weights = choice.outputs[0].consumers()[0], choice.inputs[1]
    values = product.inputs[1]
    assert weights is not None  # `_mask_after` checked all of this
    assert values is not None
    dtype = weights.dtype or ir.DataType.FLOAT
    kept = _before(product, "Cast", "kept", [keep], dtype, to=dtype.value)
    kept.shape = keep.shape
    if _is_of_keys(keep, weights, values):
        column = _column(main, product, kept)
        masked = _before(product, "Mul", "kept_values", [values, column], dtype)
        product.replace_input_with(0, weights)
        product.replace_input_with(1, masked)
    else:
        masked = _before(product, "Mul", "kept_weights", [weights, kept], dtype)
        masked.shape = weights.shape
        product.replace_input_with(0, masked)
    graph_of(choice).remove(choice, safe=True)


def _column(main: ir.Graph, product: ir.Node, kept: ir.Value) -> ir.Value:
    """Return a mask of keys with its last two axes exchanged."""
    assert kept.shape is not None
    assert kept.dtype is not None
    rank = len(kept.shape)
    if rank == 1:
        sizes = constant(main, np.asarray([-1, 1], np.int64), f"{product.name}/column")
        inputs = [kept, sizes]
        column = _before(product, "Reshape", "kept_keys", inputs, kept.dtype)
        column.shape = ir.Shape([kept.shape[0], 1])
        return column
    axes = [*range(rank - 2), rank - 1, rank - 2]
    column = _before(product, "Transpose", "kept_keys", [kept], kept.dtype, perm=axes)
    column.shape = ir.Shape([kept.shape[axis] for axis in axes])
    return column


def _rank(softmax: ir.Node) -> int:
    """Return the rank of masked logits, of which `_mask_before` knows it."""
    where = _producer(softmax.inputs[0], "Where")
    logits = None if where is None else where.inputs[1]
    return 0 if logits is None or logits.shape is None else len(logits.shape)


def _is_over_last_axis(softmax: ir.Node) -> bool:
    given = softmax.attributes.get("axis")
    axis = -1 if given is None else given.as_int()
    return axis in (-1, _rank(softmax) - 1)


def _producer(x: ir.Value | None, wanted: str) -> ir.Node | None:
    node = None if x is None else x.producer()
    return node if node is not None and kind(node) == wanted else None


def _before(
    reader: ir.Node,
    op_type: str,
    name: str,
    inputs: Sequence[ir.Value | None],
    dtype: ir.DataType,
    **attributes: Any,
) -> ir.Value:
    """Insert a node before another, and return its result."""
    name = f"{reader.name}/{name}"
    result = ir.Value(name=name, type=ir.TensorType(dtype))
    node = ir.node(op_type, inputs, attributes, outputs=[result], name=name)
    graph_of(reader).insert_before(reader, node)
    return result
