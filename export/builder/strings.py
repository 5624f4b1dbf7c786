"""Operators on strings: constants, tables, and characters that are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder.graph_builder import GraphBuilder
from keras_acts.export.builder.loops import loop

_ML = "ai.onnx.ml"
_CHARACTERS = {"": "empty", " ": "space"}


def text(g: GraphBuilder, characters: str) -> ir.Value:
    """Return an empty string or a space as a tensor of shape (1,)."""
    name = f"strings/{_CHARACTERS[characters]}"
    tensor = ir.StringTensor([characters.encode()], shape=ir.Shape([1]), name=name)
    return g.named_constant(name, tensor)


def label_encoder(
    g: GraphBuilder, x: ir.Value, table: Mapping[Any, Any], default: Any
) -> ir.Value:
    """Append a LabelEncoder: strings become integers, or integers strings.

    Args:
        g: The graph builder.
        x: Strings, or int64.
        table: What each of them becomes, at least one.
        default: What all others become.
    """
    if isinstance(default, str):
        keys, values, result = "keys_int64s", "values_strings", ir.DataType.STRING
        other = ir.AttrString("default_string", default)
    else:
        keys, values, result = "keys_strings", "values_int64s", ir.DataType.INT64
        other = ir.AttrInt64("default_int64", default)
    attributes = [
        ir.convenience.convert_attribute(keys, list(table)),
        ir.convenience.convert_attribute(values, list(table.values())),
        other,
    ]
    (made,) = g.append_other(_ML, "LabelEncoder", [x], attributes)
    made.type = ir.TensorType(result)
    return g.with_shape(made, g.static_shape(x))


def lowered(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Append a StringNormalizer that lowers the letters A to Z, as TensorFlow does.

    It takes one axis that is not empty, and changes other letters in all locales but C,
    the only one that each system has.

    Args:
        g: The graph builder.
        x: Strings, one axis.
    """
    more = g.Concat(x, text(g, ""), axis=0)
    low = g.StringNormalizer(more, case_change_action="LOWER", locale="C")
    # The Reshape says that the size is still the same.
    return g.Reshape(g.Slice(low, [0], [-1], [0]), g.Shape(x))


def replaced(g: GraphBuilder, x: ir.Value, old: str, new: str) -> ir.Value:
    """Replace characters: split at each in turn, and join the parts in a Loop.

    Args:
        g: The graph builder.
        x: Strings, one axis.
        old: The characters.
        new: Nothing or a space; spaces are appended too.
    """
    result = x
    for character in old:
        result = _replaced(g, result, character, new)
    # The Reshape says that the size is still the same.
    return g.Reshape(result, g.Shape(x))


def _replaced(g: GraphBuilder, x: ir.Value, old: str, new: str) -> ir.Value:
    """Replace one character.

    Not in a Scan, where onnxruntime's StringConcat appends to the string that its
    output held a step before.
    """
    shape = g.static_shape(x)
    parts, _ = g.StringSplit(x, delimiter=old, outputs=2)
    g.with_shape(parts, (*shape, None))
    start = g.Expand(text(g, ""), g.shape(g.size(x, 0)))

    def step(number: ir.Value, carried: list[ir.Value]) -> Any:
        joined = g.StringConcat(carried[0], g.Gather(parts, number, axis=1))
        if new:
            joined = g.StringConcat(joined, text(g, new))
        return [g.with_shape(joined, shape)], []

    count = g.Squeeze(g.size(parts, 1), [0])
    start = g.with_shape(start, shape)
    (result,), _ = loop(g, step, [start], count=count, keeps_shapes=False)
    return result
