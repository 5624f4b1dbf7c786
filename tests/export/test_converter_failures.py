"""Who is to blame when a conversion fails: a registered converter, or the exporter."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx_ir as ir
import pytest
from keras import layers, ops
from onnx_ir.passes import InPlacePass

from keras_acts.export import (
    ExportError,
    GraphError,
    OpsetError,
    UnsupportedOperationError,
    register_converter,
    to_onnx,
)
from keras_acts.export.convert import registry
from keras_acts.export.passes import run_in_order, run_passes
from keras_acts.export.passes.keep_zeros import KeepZerosPass
from keras_acts.export.write import to_proto

Converter = Callable[[Any, Any, Any], Any]


def exported(converter: Converter, **options: Any) -> Any:
    """Export a model of a layer, inside another model, by a registered converter."""

    class Scale(layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2.0

    register_converter(Scale)(converter)
    block = keras.Sequential([keras.Input((3,)), Scale(name="scale")], name="block")
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(2, name="last")(block(x)), name="outer")
    return to_onnx(model, engine="native", **options)


def wrong(make: Callable[[Any, Any], Any]) -> Converter:
    def convert_scale(g: Any, layer: Any, x: Any) -> Any:
        return make(g, x)

    return convert_scale


REGISTERED = {
    "no operator": (lambda g, x: g.Foo(x), UnsupportedOperationError, "Foo"),
    "a later operator": (lambda g, x: g.Swish(x), OpsetError, "from opset 24 on"),
    "inputs": (lambda g, x: g.Relu(x, x), UnsupportedOperationError, "1 input, not 2"),
    "an attribute": (
        lambda g, x: g.Relu(x, alpha=1),
        UnsupportedOperationError,
        "no attribute 'alpha'",
    ),
    "types": (
        lambda g, x: g.Add(x, np.int64(1)),
        UnsupportedOperationError,
        "one type",
    ),
    "shapes": (
        lambda g, x: g.Add(x, np.zeros(4, "f")),
        UnsupportedOperationError,
        "do not fit",
    ),
    "another shape": (
        lambda g, x: g.Unsqueeze(x, [1]),
        UnsupportedOperationError,
        r"\(None, 3\).*Received: .*1,3",
    ),
    "another number of values": (
        lambda g, x: (x, x),
        UnsupportedOperationError,
        "Received: 2 values",
    ),
    "no value": (lambda g, x: "x", UnsupportedOperationError, "ONNX values.*'x'"),
    "an error of Python's": (
        lambda g, x: g.Mul(x, [1, 2].missing),
        UnsupportedOperationError,
        "AttributeError: .*missing",
    ),
}


@pytest.mark.parametrize("case", REGISTERED)
def test_a_registered_converter_is_named(case: str) -> None:
    make, kind, said = REGISTERED[case]
    with pytest.raises(ExportError, match=said) as caught:
        exported(wrong(make))
    assert type(caught.value) is kind
    message = str(caught.value)
    assert message.startswith("outer/block/scale: the converter `convert_scale` ")
    assert "registered for Scale failed. " in message
    assert "Received: " in message


def test_our_own_converter_has_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(g: Any, op: Any, x: Any) -> Any:
        raise KeyError("form")

    fails.__module__ = registry.__name__
    monkeypatch.setitem(registry._OPERATIONS, "numpy.Sinh", fails)
    x = keras.Input((3,))
    with pytest.raises(UnsupportedOperationError) as caught:
        to_onnx(keras.Model(x, ops.sinh(x)), engine="native")
    assert "the converter of Sinh has no form for this use of it" in str(caught.value)
    assert "registered" not in str(caught.value)


def computed_width(g: Any, x: Any) -> Any:
    """Append a wrong width that ONNX only knows once it has the whole graph."""
    width = g.Mul(g.Slice(g.Shape(x), [1], [2]), [2])
    wide = g.Concat(x, x, axis=1)
    return g.Reshape(wide, g.Concat(g.Shape(x, start=0, end=1), width, axis=0))


def test_what_the_whole_graph_shows_is_the_converter_s_fault(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(GraphError) as caught:
        exported(wrong(computed_width))
    message = str(caught.value)
    assert message.startswith("outer/block/scale: the converter `convert_scale` ")
    assert "a defect" not in message
    assert "Received: InferenceError: " in message
    assert capfd.readouterr().err == ""


class Failing(InPlacePass):
    def call(self, model: ir.Model) -> Any:
        raise IndexError("out of range")


FLOATS = ir.TensorType(ir.DataType.FLOAT)


def one_node(op_type: str, *shapes: tuple[int, ...]) -> ir.Model:
    values = [
        ir.Value(name=f"x{i}", shape=ir.Shape(shape), type=FLOATS)
        for i, shape in enumerate(shapes)
    ]
    node = ir.node(op_type, values, name="layer/node")
    node.outputs[0].name = "y"
    node.outputs[0].type = FLOATS
    graph = ir.Graph(values, node.outputs, nodes=[node], opset_imports={"": 21})
    graph.name = "graph"
    return ir.Model(graph, ir_version=10)


def test_a_pass_that_fails_is_a_defect() -> None:
    with pytest.raises(GraphError) as caught:
        run_in_order(one_node("Relu", (2, 3)), [Failing()])
    message = str(caught.value)
    assert message.startswith("Failing failed on the converted graph. ")
    assert "a defect of keras-acts, not of the model; please report it" in message
    assert message.endswith("Received: IndexError: out of range")


def test_what_another_package_wrote_may_be_its_defect() -> None:
    with pytest.raises(GraphError, match="a defect of tf2onnx or of keras-acts"):
        run_in_order(one_node("Relu", (2, 3)), [Failing()], writer="tf2onnx")


def test_shapes_that_do_not_fit_are_raised_and_not_logged(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = dict(logging.root.manager.loggerDict)
    with pytest.raises(GraphError, match=r"InferShapesPass failed.*layer/node"):
        run_passes(one_node("Add", (2, 3), (2, 4)))
    assert capfd.readouterr().err == ""
    assert dict(logging.root.manager.loggerDict) == before


def test_a_pass_s_own_error_keeps_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, model: Any) -> Any:
        raise OpsetError("an opset. Received: 3")

    monkeypatch.setattr(KeepZerosPass, "call", refuse)
    with pytest.raises(OpsetError, match="an opset"):
        run_passes(one_node("Relu", (2, 3)))


def test_the_checker_refuses_what_passes_let_through() -> None:
    model = one_node("Relu", (2, 3))
    model.graph.outputs[0].shape = ir.Shape((2, 3))
    model.graph.node(0).attributes["nonsense"] = ir.AttrInt64("nonsense", 1)
    with pytest.raises(GraphError, match=r"ONNX's checker failed.*nonsense"):
        to_proto(model)
