"""Names and sizes of an exported model's inputs and outputs, and what these may be."""

from __future__ import annotations

import weakref
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from keras_acts.export.identity import IdentityKey
from keras_acts.export.names import UniqueNames
from support.export_check import (
    assert_alike,
    check_model,
    open_session,
    randomize,
    run,
)
from support.structures import check_answers, dense_model, names, sizes, tensor


class Mixed(keras.Model):
    """A subclassed model that returns whatever a `call` can."""

    def __init__(self) -> None:
        super().__init__(name="mixed")
        self.dense = layers.Dense(3)
        self.table = self.add_weight(shape=(2, 3), name="table")

    def call(self, x: Any) -> Any:
        y = self.dense(x)
        return (x, y, None, {"deep": (y, [y * 2.0])}, self.table, ops.ones((2, 2)))


# Names


def test_names_of_several_inputs_and_outputs() -> None:
    x, y = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    outputs = [layers.Add(name="sum")([x, y]), layers.Multiply(name="product")([x, y])]
    proto = check_model(keras.Model([x, y], outputs))
    assert names(proto.graph.input) == ["left", "right"]
    assert names(proto.graph.output) == ["sum", "product"]


def test_names_of_dictionaries() -> None:
    inputs = {"b": keras.Input((3,), name="b"), "a": keras.Input((2,), name="a")}
    joined = layers.Concatenate()([inputs["a"], inputs["b"]])
    outputs = {"z": layers.Dense(2)(joined), "y": {"deep": layers.Dense(1)(joined)}}
    model = keras.Model(inputs, outputs)
    proto = to_onnx(model)
    assert set(names(proto.graph.input)) == {"a", "b"}
    assert set(names(proto.graph.output)) == {"z", "y/deep"}
    feeds = {"a": np.ones((2, 2), "f"), "b": np.full((2, 3), 2.0, "f")}
    got = dict(
        zip(
            names(proto.graph.output), open_session(proto).run(None, feeds), strict=True
        )
    )
    want = model(feeds)
    for name, expected in (("z", want["z"]), ("y/deep", want["y"]["deep"])):
        assert_alike(got[name], np.asarray(keras.ops.convert_to_numpy(expected)))


def test_names_in_nested_structures() -> None:
    a, b, c = (keras.Input((3,), name=name) for name in "abc")
    outputs = {"s": (layers.Add()([a, b]), [b * c]), "t": layers.Dense(2)(c)}
    model = keras.Model({"p": (a, b), "q": [c]}, outputs)
    proto = check_model(model)
    assert names(proto.graph.input) == ["p", "p_1", "q"]
    assert names(proto.graph.output) == ["s/0", "s/1/0", "t"]


@pytest.mark.parametrize("new", [["in"], {"features": "in"}], ids=["list", "mapping"])
def test_names_can_be_given(new: Any) -> None:
    proto = check_model(dense_model(), input_names=new, output_names=["answer"])
    assert names(proto.graph.input) == ["in"]
    assert names(proto.graph.output) == ["answer"]


def test_inner_layers_have_names_of_no_process() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="block")
            self.parts = [layers.Dense(4), layers.Dense(4, name="last")]
            self.deep = keras.Sequential([layers.Dense(4), layers.Dense(2)])

        def call(self, x: Any) -> Any:
            first, last = self.parts
            return self.deep(last(first(x)) + first(x))

    def export() -> onnx.ModelProto:
        x = keras.Input((4,), name="x")
        model = keras.Model(x, Block()(x), name="model")
        randomize(model)
        return to_onnx(model)

    first, second = export(), export()
    assert first == second
    assert {
        "block/dense/kernel",
        "block/last/kernel",
        "block/sequential/dense/kernel",
        "block/sequential/dense_1/kernel",
    } <= set(names(first.graph.initializer))


def test_a_name_that_a_node_would_have() -> None:
    model = dense_model(name="m")
    proto = check_model(
        model, output_names=["m/out/MatMul"], input_names=["out/kernel"]
    )
    made = [*names(proto.graph.node), *names(proto.graph.initializer)]
    assert len(set(made)) == len(made)
    assert "out/kernel" not in names(proto.graph.initializer)


def test_outputs_made_by_one_layer_have_names_of_their_own() -> None:
    x = keras.Input((4,))
    split = keras.Model(x, ops.split(layers.Dense(4)(x), 2, axis=-1))
    proto = check_model(split)
    assert len(set(names(proto.graph.output))) == 2


# Outputs


def test_an_output_that_is_an_input() -> None:
    x = keras.Input((3,), name="same")
    proto = check_model(keras.Model(x, [x, layers.Dense(2)(x)]))
    assert "same" in names(proto.graph.input)
    assert "same" not in names(proto.graph.output)


def test_an_output_that_is_given_twice() -> None:
    x = keras.Input((3,))
    y = layers.Dense(2)(x)
    proto = check_model(keras.Model(x, [y, y, layers.ReLU()(y)]))
    assert len(set(names(proto.graph.output))) == 3


def test_an_output_that_is_used_on() -> None:
    x = keras.Input((3,))
    y = layers.Dense(2, name="first")(x)
    check_model(keras.Model(x, [y, layers.Dense(2, name="second")(y)]))


def test_outputs_of_every_kind() -> None:
    model = Mixed()
    model(np.zeros((1, 4), "float32"))
    # On JAX Keras notes no shapes of a call that returns None.
    proto = to_onnx(model, input_signature=(None, 4))
    assert names(proto.graph.output) == [
        "output_0",
        "output_1",
        "3/deep/0",
        "3/deep/1/0",
        "output_5",
        "output_6",
    ]
    check_answers(proto, model, (tensor(4),))


def test_a_part_that_returns_none() -> None:
    class Pair(layers.Layer):
        def call(self, x: Any, y: Any = None) -> Any:
            return ops.tanh(x), y

    class Outer(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.pair = Pair()

        def call(self, x: Any) -> Any:
            first, second = self.pair(x)
            return first * 2.0 if second is None else second

    model = Outer()
    model(np.zeros((1, 4), "float32"))
    check_answers(to_onnx(model), model, (tensor(4),))


# Sizes


def test_unknown_sizes_keep_their_symbols() -> None:
    x = keras.Input((None, None, 2), name="image")
    y = layers.Conv2D(4, 3, padding="same", name="features")(x)
    proto = check_model(keras.Model(x, [y, layers.GlobalMaxPooling2D(name="best")(y)]))
    assert sizes(proto.graph.input[0]) == ["batch", "image_1", "image_2", 2]
    assert sizes(proto.graph.output[0]) == ["batch", "image_1", "image_2", 4]
    assert sizes(proto.graph.output[1]) == ["batch", 4]


def test_one_batch_for_all_inputs() -> None:
    inputs = [keras.Input((3,)), keras.Input((None, 3))]
    proto = check_model(keras.Model(inputs, layers.Add()(inputs)))
    assert [sizes(x)[0] for x in proto.graph.input] == ["batch", "batch"]


def test_a_fixed_batch() -> None:
    model = dense_model()
    proto = to_onnx(model, input_signature=keras.InputSpec(shape=(2, 4)))
    assert sizes(proto.graph.input[0]) == [2, 4]
    assert sizes(proto.graph.output[0]) == [2, 3]
    check_answers(proto, model, (tensor(4),), batch=2)


@pytest.mark.parametrize("shape", [(8, 9, 3), (None, None, 3), (6, 2)], ids=str)
def test_an_input_that_is_taken_channels_first(shape: tuple[int | None, ...]) -> None:
    convolution = layers.Conv1D if len(shape) == 2 else layers.Conv2D
    x = keras.Input(shape, name="image")
    model = keras.Model(x, convolution(4, 2, data_format="channels_last")(x))
    randomize(model)
    proto = to_onnx(model, inputs_as_nchw=["image"])
    assert sizes(proto.graph.input[0])[1] == shape[-1]
    array = np.random.default_rng(0).normal(size=(2, *(n or 7 for n in shape)))
    array = array.astype("float32")
    (got,) = run(open_session(proto), [np.moveaxis(array, -1, 1)])
    assert_alike(got, np.asarray(keras.ops.convert_to_numpy(model(array))))


# Names and keys inside of an export


def test_names_are_given_once_with_the_lowest_number_that_is_free() -> None:
    unique = UniqueNames(["x_1"])
    unique.reserve("y")
    given = [unique.unique(name) for name in ("x", "x", "x", "y", "x_1", "x_2")]
    assert given == ["x", "x_2", "x_3", "y_1", "x_1_1", "x_2_1"]


class _EqualToAll:
    """An object whose `==` says nothing of which object it is."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_a_key_stands_for_an_object_and_keeps_it() -> None:
    first, second = _EqualToAll(), _EqualToAll()
    names = {IdentityKey(first): "first", IdentityKey(second): "second"}
    assert [names[IdentityKey(x)] for x in (first, second)] == ["first", "second"]
    assert IdentityKey(first) != first
    kept = weakref.ref(second)
    del second
    assert kept() is not None
