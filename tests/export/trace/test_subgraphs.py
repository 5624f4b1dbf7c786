"""The passes in graphs inside graphs: what a branch or a body reads is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from keras import layers, ops
from onnx import parser

from keras_acts.export import to_onnx
from keras_acts.export.parity.localize import _inner_values
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.passes import run_passes
from support.export_check import check_model, open_session, randomize, run

HEAD = '<ir_version: 10, opset_import: ["" : 21]>\n'


def graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and all graphs inside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def operators_by_graph(graph: onnx.GraphProto) -> list[dict[str, int]]:
    return [dict(Counter(node.op_type for node in one.node)) for one in graphs(graph)]


# Each with what is left: the operators of the main graph, then of those inside it.
CLEANED = {
    "a branch keeps the name that it gives to a tensor around it": (
        """
        main (float[b,2] x, bool c) => (float[b,2] y)
        {
            h = Neg (x)
            y = If (c) <
                then_branch = then () => (float[b,2] t) { t = Identity (h) },
                else_branch = other () => (float[b,2] e) { f = Exp (h)
                                                          e = Identity (f) }
            >
        }
        """,
        [{"Neg": 1, "If": 1}, {"Identity": 1}, {"Exp": 1}],
    ),
    "what only a branch reads is kept, and what nothing reads is not": (
        """
        main (float[b,2] x, bool c) => (float[b,2] y)
        {
            h = Neg (x)
            dead = Exp (x)
            y = If (c) <
                then_branch = then () => (float[b,2] t) { t = Tanh (h) gone = Abs (h) },
                else_branch = other () => (float[b,2] e) { i = Identity (x)
                                                          e = Sin (i) }
            >
        }
        """,
        [{"Neg": 1, "If": 1}, {"Tanh": 1}, {"Sin": 1}],
    ),
    "transposes cancel over the border of a body": (
        """
        main (float[n,2,3] x, float[2,3] s) => (float[2,3] last, float[n,3,2] y)
        {
            across = Transpose <perm = [0, 2, 1]> (x)
            turned = Transpose <perm = [1, 0]> (s)
            last, y = Scan <num_scan_inputs = 1, body = body
                (float[2,3] now, float[3,2] one) => (float[2,3] new, float[3,2] out)
                {
                    back = Transpose <perm = [1, 0]> (turned)
                    new = Add (now, back)
                    out = Mul (one, turned)
                }> (s, across)
        }
        """,
        [{"Transpose": 2, "Scan": 1}, {"Add": 1, "Mul": 1}],
    ),
    "an output of a branch does not become one of the graph around it": (
        """
        main (float[b,2,5] x, bool c) => (float[b,3,5] y)
        <float[3,2,1] k = {1, 2, 3, 4, 5, 6}, float[3,1] bias = {1, 2, 3}>
        {
            h = Conv (x, k)
            y = If (c) <
                then_branch = then () => (float[b,3,5] t) { t = Add (h, bias) },
                else_branch = other () => (float[b,3,5] e) { g = Conv (x, k)
                                                             e = Add (g, bias) }
            >
        }
        """,
        [{"Conv": 1, "If": 1}, {"Add": 1}, {"Conv": 1}],
    ),
    "weights are stored as a body reads them": (
        """
        main (float[n,2] x, float[3] s) => (float[3] last, float[n,3] y)
        <float[3,2] k = {1, 2, 3, 4, 5, 6}>
        {
            last, y = Scan <num_scan_inputs = 1, body = body
                (float[3] now, float[2] one) => (float[3] new, float[3] out)
                {
                    turned = Transpose <perm = [1, 0]> (k)
                    m = MatMul (one, turned)
                    new = Add (now, m)
                    out = Identity (new)
                }> (s, x)
        }
        """,
        [{"Scan": 1}, {"MatMul": 1, "Add": 1, "Identity": 1}],
    ),
    "images are turned inside a body, and a transpose is put where its input is made": (
        """
        main (float[1,4,4,2] x, float[1,4,4,2] z, int64 n) => (float[1,4,4,2] y)
        <float[2,2,1,1] k = {1, 2, 3, 4}>
        {
            h = Neg (z)
            y = Loop (n, , x) <body = body
                (int64 i, bool c, float[1,4,4,2] now) =>
                (bool again, float[1,4,4,2] out)
                {
                    again = Identity (c)
                    a = Transpose <perm = [0, 3, 1, 2]> (now)
                    b = Conv (a, k)
                    d = Transpose <perm = [0, 2, 3, 1]> (b)
                    e = Add (d, h)
                    f = Tanh (e)
                    g = Transpose <perm = [0, 3, 1, 2]> (f)
                    j = Conv (g, k)
                    l = Transpose <perm = [0, 2, 3, 1]> (j)
                    r = Relu (l)
                    t = Transpose <perm = [0, 3, 1, 2]> (r)
                    u = Conv (t, k)
                    out = Transpose <perm = [0, 2, 3, 1]> (u)
                }>
        }
        """,
        None,
    ),
}


@pytest.mark.parametrize("case", CLEANED)
def test_passes_keep_what_a_model_computes(case: str) -> None:
    text, expected = CLEANED[case]
    before = parser.parse_model(HEAD + text)
    onnx.checker.check_model(before, full_check=True)
    model = ir.from_proto(before)
    run_passes(model)
    after = ir.to_proto(model)
    onnx.checker.check_model(after, full_check=True)
    assert expected is None or operators_by_graph(after.graph) == expected
    for flag in (True, False):
        arrays = [draw(x, flag) for x in before.graph.input]
        want, got = (run(open_session(proto), arrays) for proto in (before, after))
        for expected_one, actual in zip(want, got, strict=True):
            np.testing.assert_allclose(actual, expected_one, rtol=1e-6)
    assert [x.name for x in after.graph.output] == [x.name for x in before.graph.output]


def draw(x: onnx.ValueInfoProto, flag: bool) -> np.ndarray:
    kind = x.type.tensor_type
    if kind.elem_type == onnx.TensorProto.BOOL:
        return np.asarray(flag)
    if kind.elem_type == onnx.TensorProto.INT64:
        return np.asarray(2)
    shape = [dim.dim_value or 3 for dim in kind.shape.dim]
    return np.random.default_rng(3).normal(size=shape).astype("float32")


class Mapped(layers.Layer):
    """A layer that calls others for each sample, and on what it made of all."""

    def __init__(self) -> None:
        super().__init__()
        ones = {"kernel_initializer": "ones"}
        self.first = layers.Conv2D(3, 3, padding="same", activation="relu", **ones)
        self.second = layers.Conv2D(3, 3, padding="same", **ones)

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.first.build(shape)
        self.second.build((*shape[:-1], 3))

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        made = self.first(x)

        def one(sample: keras.KerasTensor) -> keras.KerasTensor:
            image = self.second(self.first(sample[None]))
            return ops.relu(self.second(image))[0]

        return ops.map(one, x) + self.second(made)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple:
        return (*shape[:-1], 3)


def mapped() -> keras.Model:
    x = keras.Input((5, 4, 2))
    model = keras.Model(x, Mapped()(x))
    randomize(model)
    return model


def test_layers_called_inside_and_outside() -> None:
    """Between convolutions no image is turned, and each weight is stored once."""
    proto = check_model(mapped())
    main, body = operators_by_graph(proto.graph)
    assert (main["Conv"], main["Transpose"]) == (2, 2)
    assert (body["Conv"], body["Transpose"]) == (3, 2)
    assert len(proto.graph.initializer) == 4
    assert not any(
        node.op_type == "Add" for node in list(graphs(proto.graph))[1].node
    ), "the biases are the convolutions'"


def test_names_are_given_once_in_all_graphs() -> None:
    proto = to_onnx(mapped())
    names = [
        name
        for graph in graphs(proto.graph)
        for node in graph.node
        for name in (node.name, *node.output)
    ]
    inputs = [x.name for graph in graphs(proto.graph) for x in graph.input]
    weights = [x.name for graph in graphs(proto.graph) for x in graph.initializer]
    made = [n for graph in graphs(proto.graph) for x in graph.node for n in x.output]
    for given in (
        [*made, *inputs, *weights],
        [graph.name for graph in graphs(proto.graph)],
    ):
        assert len(set(given)) == len(given)
    assert all(names)


def test_weights_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = mapped()
    monkeypatch.setattr("keras_acts.export.write.files.MAXIMUM_PROTO", 0)
    to_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.glob("model.onnx.*.data"))
    session = onnxruntime.InferenceSession(
        tmp_path / "model.onnx", providers=["CPUExecutionProvider"]
    )
    x = np.random.default_rng(1).normal(size=(2, 5, 4, 2)).astype("float32")
    (got,) = run(session, [x])
    want = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_a_divergence_is_found_beside_a_loop() -> None:
    """Of the values inside, none is an output; those around the loop are."""
    proto = to_onnx(mapped())
    x = np.zeros((2, 5, 4, 2), "float32")
    values = _inner_values(OnnxModel(proto), {proto.graph.input[0].name: x})
    made = {name for node in proto.graph.node for name in node.output}
    assert made <= values.keys()
