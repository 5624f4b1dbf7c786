"""The passes in graphs inside graphs: what a branch or a body reads is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import keras
import numpy as np
import onnx
import onnx_ir as ir
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


def operators(graph: onnx.GraphProto) -> list[dict[str, int]]:
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
                else_branch = other () => (float[b,2] e) { f = Exp (h) e = Identity (f) }
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
                else_branch = other () => (float[b,2] e) { i = Identity (x) e = Sin (i) }
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
                (int64 i, bool c, float[1,4,4,2] now) => (bool again, float[1,4,4,2] out)
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
    assert expected is None or operators(after.graph) == expected
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
