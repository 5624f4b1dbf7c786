"""Names of sizes that a model computes from those of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from keras_acts.export.passes.shapes import samples
from keras_acts.export.passes.shapes.formulas import formula
from support.export_check import each, open_session
from support.structures import names, sizes

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class SizeCase:
    """A function of inputs `x`, `y` … with unknown sizes, and its output's sizes."""

    name: str
    call: Callable[..., Any]
    wanted: tuple[int | str, ...]
    shapes: tuple[Shape, ...] = ((None, 4),)
    files_differ: str = ""

    def __str__(self) -> str:
        return self.name


class Call(layers.Layer):
    """Calls a function; says of its result no more than the rank."""

    def __init__(self, function: Callable[..., Any], rank: int) -> None:
        super().__init__(name="out")
        self.function, self.rank = function, rank

    def build(self, *_shapes: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, 4), name="token")
        self.table = self.add_weight(shape=(200, 4), name="table")

    def call(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)

    def compute_output_spec(self, *_inputs: Any) -> Any:
        return keras.KerasTensor((None,) * self.rank, "float32")


def with_token(self: Any, x: Any) -> Any:
    token = ops.tile(self.token, (ops.shape(x)[0], 1, 1))
    return ops.concatenate([token, x], axis=1)


def broadcast_token(self: Any, x: Any) -> Any:
    batch, _, width = ops.shape(x)
    return ops.broadcast_to(self.token, (batch, 1, width))


def rotary(_self: Any, x: Any) -> Any:
    length = ops.cast(ops.arange(ops.shape(x)[1]), "float32")
    angles = length[:, None] * ops.convert_to_tensor(np.ones((1, 2), "float32"))
    angles = ops.concatenate([angles, angles], -1)
    first, second = ops.split(x, 2, axis=-1)
    turned = ops.concatenate([-second, first], -1)
    return x * ops.cos(angles) + turned * ops.sin(angles)


def folded_and_back(_self: Any, x: Any) -> Any:
    batch, length, width = ops.shape(x)
    flat = ops.reshape(x, (batch * length, width))
    return ops.reshape(flat * 2.0, (batch, length, width))


def windows(_self: Any, x: Any) -> Any:
    batch, length, _ = ops.shape(x)
    x = ops.pad(x, ((0, 0), (0, (4 - length % 4) % 4), (0, 0)))
    return ops.reshape(x, (batch, -1, 4, 4))


def best_boxes(_self: Any, x: Any) -> Any:
    _, places = ops.top_k(ops.max(x, axis=-1), 3)
    return ops.take_along_axis(x, places[:, :, None], axis=1)


def eigenvectors(_self: Any, x: Any) -> Any:
    return ops.eigh(ops.matmul(ops.swapaxes(x, 1, 2), x))[1]


def loop_over_time(_self: Any, x: Any) -> Any:
    step = lambda i, y: y + x[:, i : i + 1]  # noqa: E731
    return ops.fori_loop(0, ops.shape(x)[1], step, ops.zeros_like(x))


def attends(_self: Any, x: Any, y: Any) -> Any:
    scores = ops.softmax(ops.matmul(x, ops.swapaxes(y, 1, 2)))
    return ops.matmul(scores, y)


TWO = ((None, 4), (None, 4))
IMAGE = ((None, None, 4),)

CASES = (
    SizeCase("token", with_token, ("batch", "x_1 + 1", 4)),
    SizeCase("broadcast token", broadcast_token, ("batch", 1, 4)),
    SizeCase("positions", lambda s, x: x + s.table[: ops.shape(x)[1]],
             ("batch", "x_1", 4)),
    SizeCase("positions alone", lambda s, x: s.table[: ops.shape(x)[1]],
             ("out_0", 4)),
    SizeCase("rotary", rotary, ("batch", "x_1", 4)),
    SizeCase("folded", folded_and_back, ("batch", "x_1", 4)),
    SizeCase("flat", lambda _, x: ops.reshape(x, (-1, 4)), ("batch*x_1", 4)),
    SizeCase("windows", windows, ("batch", "(x_1 + 3)//4", 4, 4)),
    SizeCase("every second", lambda _, x: x[:, ::2], ("batch", "(x_1 + 1)//2", 4)),
    SizeCase("second half", lambda _, x: x[:, ops.shape(x)[1] // 2 :],
             ("batch", "(x_1 + 1)//2", 4)),
    SizeCase("repeated", lambda _, x: ops.repeat(x, 3, axis=1),
             ("batch", "3*x_1", 4)),
    SizeCase("best boxes", best_boxes, ("batch", 3, 4),
             files_differ="indices are int64 on torch"),
    SizeCase("eigenvectors", eigenvectors, ("batch", 4, 4)),
    SizeCase("loop", loop_over_time, ("batch", "x_1", 4)),
    SizeCase("map", lambda _, x: ops.map(lambda row: row * 2.0, x),
             ("batch", "x_1", 4)),
    SizeCase("joined", lambda _, x, y: ops.concatenate([x, y], 1),
             ("batch", "x_1 + y_1", 4), TWO),
    SizeCase("attention", attends, ("batch", "x_1", 4), TWO),
    SizeCase("outer", lambda _, x, y: ops.matmul(x, ops.swapaxes(y, 1, 2)),
             ("batch", "x_1", "y_1"), TWO),
    SizeCase("broadcast", lambda _, x, y: x + y, ("batch", "out_1", 4), TWO),
    SizeCase("image as a sequence", lambda _, x: ops.reshape(x, (-1, 4)),
             ("batch*x_1*x_2", 4), IMAGE),
    SizeCase("found", lambda _, x: ops.cast(ops.nonzero(x[0, :, 0])[0], "float32"),
             ("out_0",)),
)  # fmt: skip


@each(*CASES)
def test_sizes_are_formulas(case: SizeCase) -> None:
    inputs = [
        keras.Input(shape, name=name)
        for shape, name in zip(case.shapes, "xy", strict=False)
    ]
    output = Call(case.call, len(case.wanted))(*inputs)
    proto = to_onnx(keras.Model(inputs, output))
    assert sizes(proto.graph.output[0]) == list(case.wanted)


def test_sizes_of_images() -> None:
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same")(image)
    small = layers.Conv2D(4, 3, strides=2)(x)
    large = layers.UpSampling2D(2)(small)
    proto = to_onnx(keras.Model(image, [x, small, large]))
    found = [sizes(output)[1:3] for output in proto.graph.output]
    assert found == [
        ["(image_1 + 1)//2", "(image_2 + 1)//2"],
        ["(image_1 - 1)//4", "(image_2 - 1)//4"],
        ["2*((image_1 - 1)//4)", "2*((image_2 - 1)//4)"],
    ]


def test_sizes_that_are_equal_in_all_runs_have_one_name() -> None:
    """Nor do sizes have one that are equal where a mask is broadcast only."""
    query, key = (keras.Input((None, 4), name=name) for name in ("query", "key"))
    mask = keras.Input((None, None), name="mask")

    def attend(_self: Any, query: Any, key: Any, mask: Any) -> Any:
        scores = ops.matmul(query, ops.swapaxes(key, 1, 2)) + mask
        return ops.matmul(ops.softmax(scores), key)

    model = keras.Model([query, key, mask], Call(attend, 3)(query, key, mask))
    (output,) = to_onnx(model).graph.output
    assert sizes(output)[0] == "batch"
    assert sizes(output)[1] in ("query_1", "out_1")


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("batch", lambda b, _x, _y: b),
        ("2*x", lambda _b, x, _y: 2 * x),
        ("x - 3", lambda _b, x, _y: x - 3),
        ("(3*x + 1)//2", lambda _b, x, _y: (3 * x + 1) // 2),
        ("x*y", lambda _b, x, y: x * y),
        ("2*x*y", lambda _b, x, y: 2 * x * y),
        ("x + y - 1", lambda _b, x, y: x + y - 1),
        ("2*((x + 1)//2) + 1", lambda _b, x, _y: 2 * ((x + 1) // 2) + 1),
        (None, lambda _b, x, y: min(x, y, 40)),
        (None, lambda _b, _x, _y: 7),
    ],
)
@pytest.mark.runs_once("no backend takes part")
def test_formulas(wanted: str | None, value: Callable[..., int]) -> None:
    partition = (("x",), ("y",))
    chosen = list(samples.of_partition(["batch", "x", "y"], partition))
    values = [value(*sample.values()) for sample in chosen]
    assert formula(values, chosen) == wanted


@pytest.mark.runs_once("no backend takes part")
def test_finest_partitions_come_first() -> None:
    counts = [len(level) for level in samples.partitions(["batch", "a", "b", "c"])]
    assert counts == [1, 3, 1]


def test_unnamed_inputs_have_names_by_position() -> None:
    def made(count: int) -> list[str]:
        inputs = [keras.Input((None, 3)) for _ in range(count)]
        output = layers.Add()(inputs) if count > 1 else inputs[0] * 2.0
        return names(to_onnx(keras.Model(inputs, output)).graph.input)

    assert made(1) == made(1) == ["input"]
    assert made(2) == made(2) == ["input_0", "input_1"]
    model = keras.Sequential([keras.Input((None, 3)), layers.ReLU()])
    (given,) = to_onnx(model).graph.input
    assert (given.name, sizes(given)) == ("input", ["batch", "input_1", 3])


def unused(proto: onnx.ModelProto) -> set[str]:
    """Return the initializers that no node of the main graph reads."""
    used = {name for node in proto.graph.node for name in node.input}
    return {x.name for x in proto.graph.initializer} - used


def test_no_initializer_is_left_behind() -> None:
    image = keras.Input((9, 9, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    assert not unused(to_onnx(keras.Model(image, pooled)))
    x = keras.Input((None, 4), name="x")
    looped = keras.Model(x, Call(loop_over_time, 3)(x))
    assert not unused(to_onnx(looped))
    open_session(to_onnx(looped))
