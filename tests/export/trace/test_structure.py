"""What an exported model keeps of its Keras model: its parts and their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import SignatureError, export_model, to_onnx, verify
from support.export_check import (
    check_model,
    open_session,
    run,
)
from support.structures import check_answers, names, sizes, tensor


class Scored(keras.Model):
    """A subclassed model that returns a dictionary."""

    def __init__(self) -> None:
        super().__init__(name="scored")
        self.hidden = layers.Dense(4, activation="relu")
        self.score = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        hidden = self.hidden(inputs)
        return {"score": self.score(hidden), "hidden": hidden}


class Gated(keras.Model):
    """A subclassed model of two arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.left = layers.Dense(3)
        self.right = layers.Dense(3, activation="sigmoid")

    def call(self, x: Any, gate: Any) -> Any:
        return self.left(x) * self.right(gate)


class Weighed(keras.Model):
    """A subclassed model of a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs["x"]) * inputs["weight"]


class Nested(keras.Model):
    """A subclassed model of a structure in a structure, which returns one."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: Any, mask: Any = None, *, scale: float = 2.0) -> Any:
        first, second = inputs["pair"]
        return self.dense(first) * scale, {"rest": [second, inputs["third"]]}


# Parts


def test_sequential_in_functional_in_sequential() -> None:
    inner = keras.Sequential([layers.Dense(5, activation="elu"), layers.Dropout(0.5)])
    x = keras.Input((4,))
    middle = keras.Model(x, layers.Add()([inner(x), layers.Dense(5)(x)]))
    model = keras.Sequential([keras.Input((4,)), middle, layers.Dense(2)])
    check_model(model)


def test_nodes_are_named_by_their_layers() -> None:
    inner = keras.Sequential([layers.Dense(2, name="deep")], name="inner")
    x = keras.Input((4,))
    proto = check_model(keras.Model(x, inner(x), name="outer"))
    nodes = names(proto.graph.node)
    assert nodes
    assert all(name.startswith("outer/inner/") for name in nodes)
    assert {"inner/deep/kernel", "inner/deep/bias"} <= set(
        names(proto.graph.initializer)
    )


def test_a_shared_layer_has_its_weights_once() -> None:
    shared = layers.Dense(4)
    x, y = keras.Input((4,)), keras.Input((4,))
    model = keras.Model([x, y], shared(layers.Subtract()([shared(x), shared(y)])))
    proto = check_model(model)
    assert len(proto.graph.initializer) == 2


def test_a_shared_model() -> None:
    shared = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation="tanh")])
    x = keras.Input((4,))
    check_model(keras.Model(x, shared(shared(x))))


@pytest.mark.parametrize("by", ["transpose", "einsum", "layer"])
def test_tied_weights_are_stored_once(by: str) -> None:
    class Tied(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.table = layers.ReversibleEmbedding(6, 4)

        def call(self, x: Any) -> Any:
            y, weights = self.table(x), self.table.embeddings
            if by == "layer":
                return self.table(y, reverse=True)
            if by == "einsum":
                return ops.einsum("btd,vd->btv", y, weights)
            return ops.matmul(y, ops.transpose(weights))

    x = keras.Input((3,), dtype="int32")
    proto = check_model(keras.Model(x, Tied()(x)))
    assert [list(stored.dims) for stored in proto.graph.initializer] == [[6, 4]]


# Subclassed models


def test_a_subclassed_model_called_once() -> None:
    model = Scored()
    model(np.zeros((7, 5), "float32"))
    proto = to_onnx(model)
    assert names(proto.graph.input) == ["input"]
    assert set(names(proto.graph.output)) == {"score", "hidden"}
    assert sizes(proto.graph.input[0]) == ["batch", 5]
    check_answers(proto, model, (tensor(5),))


@pytest.mark.parametrize(
    "signature",
    [
        keras.InputSpec(shape=(None, 5), dtype="float32"),
        keras.KerasTensor((None, 5)),
        (None, 5),
        ((None, 5), "float32"),
        np.zeros((2, 5), "float32"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_subclassed_model_with_a_signature(signature: Any) -> None:
    model = Scored()
    model(np.zeros((1, 5), "float32"))
    check_answers(
        to_onnx(model, input_signature=signature), model, (tensor(5),), batch=2
    )


@pytest.mark.parametrize("called", [True, False], ids=["called", "never called"])
def test_a_subclassed_model_of_two_arguments(called: bool) -> None:
    model = Gated()
    if called:
        model(np.zeros((2, 3), "float32"), np.zeros((2, 4), "float32"))
    spec = keras.InputSpec(shape=(None, 3)), keras.InputSpec(shape=(None, 4))
    proto = to_onnx(model, input_signature=spec)
    assert len(proto.graph.input) == 2
    check_answers(proto, model, (tensor(3), tensor(4)))
    assert verify(model, proto, input_signature=spec, batch_sizes=(2,)).passed


NEVER_CALLED = {
    "a subclassed model": (Scored, (None, 5), tensor(5)),
    "with a fixed batch": (Scored, (3, 5), tensor(5)),
    "a Sequential model": (
        lambda: keras.Sequential([layers.Dense(3), layers.ReLU()]),
        (None, 5),
        tensor(5),
    ),
    "a layer": (lambda: layers.Dense(3), (None, 5), tensor(5)),
    "of nested structures": (
        Nested,
        {"pair": [(None, 3), (None, 2)], "third": (None, 4)},
        {"pair": [tensor(3), tensor(2)], "third": tensor(4)},
    ),
    "of a dictionary": (
        Weighed,
        {"x": (None, 5), "weight": (None, 2)},
        {"x": tensor(5), "weight": tensor(2)},
    ),
}


@pytest.mark.parametrize("case", NEVER_CALLED)
def test_a_signature_builds_a_model(case: str) -> None:
    make, signature, argument = NEVER_CALLED[case]
    model = make()
    proto = to_onnx(model, input_signature=signature)
    assert model.built
    assert to_onnx(model, input_signature=signature) == proto
    check_answers(proto, model, (argument,))


def test_a_signature_that_builds_no_model() -> None:
    class Inner(keras.Model):
        def call(self, x: Any) -> Any:
            return ops.matmul(x, np.ones((3, 2), "float32"))

    with pytest.raises(SignatureError, match="can't be built") as caught:
        to_onnx(Inner(), input_signature=(None, 5))
    assert "Received: input_signature=(None, 5)" in str(caught.value)


def test_a_built_model_is_verified_and_written(tmp_path: Path) -> None:
    spec = (None, 3), (None, 4)
    report = export_model(
        Gated(), tmp_path / "m.onnx", input_signature=spec, batch_sizes=(2,)
    )
    assert report.passed


def test_a_subclassed_model_inside_a_functional_one() -> None:
    x = keras.Input((5,))
    check_model(keras.Model(x, layers.Dense(2)(Scored()(x)["hidden"])))


def test_a_layer_alone() -> None:
    layer = layers.Dense(3)
    layer.build((None, 4))
    check_answers(to_onnx(layer, input_signature=(None, 4)), layer, (tensor(4),))


def test_an_input_that_may_be_left_out() -> None:
    class Sum(layers.Layer):
        def call(self, x: Any, y: Any = None) -> Any:
            return x * 2.0 if y is None else x + y

    x, y = keras.Input((3,), name="x"), keras.Input((3,), optional=True, name="y")
    proto = check_model(keras.Model([x, y], Sum()(x, y)))
    assert names(proto.graph.input) == ["x", "y"]


# Weights


def test_weights_that_a_layer_reshapes_stay_weights() -> None:
    x = keras.Input((5, 5, 2))
    y = layers.Conv2D(4, 2, data_format="channels_last", name="c")(x)
    proto = check_model(keras.Model(x, layers.GroupNormalization(2, name="g")(y)))
    found = {w.name for w in proto.graph.initializer if "constant" not in w.name}
    assert found == {"c/kernel", "c/bias", "g/gamma", "g/beta"}


def test_a_layer_that_reads_the_values_of_its_weights() -> None:
    class Scaled(layers.Layer):
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(shape=(1, 1), name="factor")

        def call(self, x: Any) -> Any:
            return x * float(ops.convert_to_numpy(ops.reshape(self.factor, (-1,)))[0])

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input((3,))
    layer = Scaled()
    model = keras.Model(x, layer(x))
    layer.factor.assign([[2.5]])
    (got,) = run(open_session(to_onnx(model)), [np.ones((2, 3), "f")])
    np.testing.assert_array_equal(got, np.full((2, 3), 2.5))
