"""Reshape of tensors without elements: a batch of none, sequences of no steps.

Every exported model of the tests is compared on such inputs too (`support.empty`); here
are the forms of shapes that it depends on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from keras import layers, ops

from keras_acts import layers as ours
from keras_acts.export.passes import run_passes
from support.export_check import check_model, each, open_session, run


class Call(layers.Layer):
    """A layer whose call is a function."""

    def __init__(self, function: Callable[[Any], Any], shape: Any) -> None:
        super().__init__()
        self.function, self.result = function, shape

    def call(self, x: Any) -> Any:
        return self.function(x)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], *self.result)


def heads(x: Any) -> Any:
    batch, length = ops.shape(x)[:2]
    split = ops.transpose(ops.reshape(x, (batch, length, 2, 2)), (0, 2, 1, 3))
    return ops.reshape(ops.transpose(split, (0, 2, 1, 3)), (batch, -1, 4))


def merged(x: Any) -> Any:
    batch, length = ops.shape(x)[:2]
    rows = ops.reshape(x, (batch * length, 4)) * 2.0
    return ops.reshape(rows, (batch, length, 4))


def swapped(x: Any) -> Any:
    batch, length = ops.shape(x)[:2]
    turned = ops.reshape(ops.transpose(x, (1, 0, 2)), (length, batch, 2, 2))
    return ops.reshape(ops.transpose(turned, (1, 0, 2, 3)), (batch, length, -1))


LAYERS: dict[str, tuple[Callable[[], Any], tuple[int | None, ...]]] = {
    "Maxout": (lambda: ours.Maxout(3), (8,)),
    "Maxout of sequences": (lambda: ours.Maxout(3), (None, 8)),
    "Reshape": (lambda: layers.Reshape((-1, 2)), (None, 4)),
    "Reshape of images": (lambda: layers.Reshape((-1, 3)), (None, None, 3)),
    "Flatten": (lambda: layers.Flatten(), (None, 4)),
    "TimeDistributed": (
        lambda: layers.TimeDistributed(layers.Dense(2, kernel_initializer="ones")),
        (None, 4),
    ),
    "the rest, computed": (
        lambda: Call(lambda x: ops.reshape(x, (ops.shape(x)[0], -1, 2)), (None, 2)),
        (None, 4),
    ),
    "heads": (lambda: Call(heads, (None, 4)), (None, 4)),
    "merged": (lambda: Call(merged, (None, 4)), (None, 4)),
    "swapped": (lambda: Call(swapped, (None, 4)), (None, 4)),
    "rolled": (lambda: Call(lambda x: ops.roll(x, 2, axis=1), (None, 4)), (None, 4)),
    "GroupNormalization": (lambda: layers.GroupNormalization(2), (3, 3, 4)),
}


@each(*LAYERS)
def test_a_layer(case: str) -> None:
    make, shape = LAYERS[case]
    x = keras.Input(shape, name="x")
    check_model(keras.Model(x, make()(x)), batch_named=False)


# Shapes of a Reshape of x[n, m, 4], and what x of (0, 6, 4) and of (2, 0, 4) become.
SHAPES = {
    "shape = Constant <value_ints = [0, -1, 2]> ()": ((0, 12, 2), (2, 0, 2)),
    "shape = Constant <value_ints = [0, 0, -1, 2]> ()": ((0, 6, 2, 2), (2, 0, 2, 2)),
    "shape = Constant <value_ints = [-1, 4]> ()": ((0, 4), (0, 4)),
    """
    sizes = Shape <start = 0, end = 2> (x)
    last = Constant <value_ints = [-1]> ()
    shape = Concat <axis = 0> (sizes, last)
    """: ((0, 6, 4), (2, 0, 4)),
    """
    m = Shape <start = 1, end = 2> (x)
    two = Constant <value_ints = [2]> ()
    first = Constant <value_ints = [0]> ()
    half = Div (m, two)
    last = Constant <value_ints = [-1]> ()
    shape = Concat <axis = 0> (first, half, last)
    """: ((0, 3, 8), None),
}


@pytest.mark.runs_once("rewrites a graph, whatever the backend")
@pytest.mark.parametrize("text", SHAPES, ids=lambda text: " ".join(text.split())[-30:])
def test_a_shape(text: str) -> None:
    expected = SHAPES[text]
    proto = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]> g (float[n, m, 4] x) => (float[] y)'
        f"{{ {text}\n y = Reshape(x, shape) }}"
    )
    del proto.graph.output[0].type.tensor_type.shape.dim[:]
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    model = ir.from_proto(proto)
    run_passes(model)
    session = open_session(ir.to_proto(model))
    full = np.arange(48, dtype="float32").reshape(2, 6, 4)
    shapes = zip(((0, 6, 4), (2, 0, 4)), expected, strict=True)
    for shape, want in shapes:
        if want is not None:
            assert run(session, [np.zeros(shape, "float32")])[0].shape == want
    rank = len(expected[0] or ())
    (got,) = run(session, [full])
    assert got.ndim == rank
    np.testing.assert_array_equal(got.ravel(), full.ravel())
