"""Operators whose form depends on the opset, behind one signature each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder.graph_builder import GraphBuilder

# The opset from which a reduction takes its axes as an input, not as an attribute.
_AXES_AS_INPUT = {"ReduceSum": 13}
_AXES_AS_INPUT_BY_DEFAULT = 18


def takes_axes_as_input(op_type: str, opset: int) -> bool:
    """Whether a reduction takes its axes as an input in an opset."""
    return opset >= _AXES_AS_INPUT.get(op_type, _AXES_AS_INPUT_BY_DEFAULT)


def reduce(
    g: GraphBuilder,
    op_type: str,
    x: ir.Value,
    axes: Sequence[int] | None = None,
    *,
    keepdims: bool = False,
) -> ir.Value:
    """Append a reduction over some axes, or over all of them.

    Args:
        g: The graph builder.
        op_type: `"ReduceMean"`, `"ReduceMax"` and the like.
        x: What is reduced.
        axes: The axes, or None for all; an empty sequence reduces nothing.
        keepdims: Whether reduced axes stay, with size 1.
    """
    attributes: dict[str, Any] = {"keepdims": int(keepdims)}
    result: ir.Value
    if axes is not None and not axes:
        result = g.Identity(x)
    elif axes is None:
        result = getattr(g, op_type)(x, **attributes)
    elif takes_axes_as_input(op_type, g.opset):
        result = getattr(g, op_type)(x, list(axes), **attributes)
    else:
        result = getattr(g, op_type)(x, axes=list(axes), **attributes)
    return result


def split(g: GraphBuilder, x: ir.Value, parts: int, axis: int) -> tuple[ir.Value, ...]:
    """Append a Split of one axis into equal parts; one part is the tensor itself.

    Args:
        g: The graph builder.
        x: What is split; the size along `axis` is a multiple of `parts`, known or not.
        parts: How many.
        axis: The axis, negative ones from the end.
    """
    if parts == 1:
        return (x,)
    # Before opset 18 the number of outputs alone says how many parts there are.
    count = parts if g.opset >= 18 else None
    return g.Split(x, axis=axis, num_outputs=count, outputs=parts)
