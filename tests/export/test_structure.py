"""What an exported model keeps of its Keras model: parts, names, sizes, dtypes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import SignatureError, export_model, to_onnx, verify
from support.export_check import (
    assert_alike,
    check_model,
    draw_plain,
    open_session,
    randomize,
    run,
)

Array = np.ndarray


def answers(
    proto: onnx.ModelProto, model: Any, arguments: Any, batch: int = 3, size: int = 5
) -> None:
    """Check a model against the file on arrays in the place of shapes."""
    rng = np.random.default_rng(3)

    def draw(x: keras.KerasTensor) -> Array:
        sizes = [batch if i == 0 else n or size for i, n in enumerate(x.shape)]
        return draw_plain(rng, sizes, x.dtype)

    arrays = keras.tree.map_structure(draw, arguments)
    want = keras.tree.flatten(model(*arrays, training=False))
    want = [x for x in want if x is not None]
    got = run(open_session(proto), keras.tree.flatten(list(arrays)))
    for expected, actual in zip(want, got, strict=True):
        assert_alike(actual, np.asarray(keras.ops.convert_to_numpy(expected)))


def tensor(*shape: int | None, dtype: str = "float32", name: str | None = None) -> Any:
    return keras.KerasTensor((None, *shape), dtype, name=name)


def names(values: Any) -> list[str]:
    return [value.name for value in values]


def sizes(value: onnx.ValueInfoProto) -> list[int | str]:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def dense_model(**kwargs: Any) -> keras.Model:
    x = keras.Input((4,), name="features")
    return keras.Model(x, layers.Dense(3, activation="tanh", name="out")(x), **kwargs)


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


class Mixed(keras.Model):
    """A subclassed model that returns whatever a `call` can."""

    def __init__(self) -> None:
        super().__init__(name="mixed")
        self.dense = layers.Dense(3)
        self.table = self.add_weight(shape=(2, 3), name="table")

    def call(self, x: Any) -> Any:
        y = self.dense(x)
        return (x, y, None, {"deep": (y, [y * 2.0])}, self.table, ops.ones((2, 2)))


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
    assert all(name.startswith("outer/inner/") for name in names(proto.graph.node))
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
    answers(proto, model, (tensor(5),))


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
    answers(to_onnx(model, input_signature=signature), model, (tensor(5),), batch=2)


@pytest.mark.parametrize("called", [True, False], ids=["called", "never called"])
def test_a_subclassed_model_of_two_arguments(called: bool) -> None:
    model = Gated()
    if called:
        model(np.zeros((2, 3), "float32"), np.zeros((2, 4), "float32"))
    spec = keras.InputSpec(shape=(None, 3)), keras.InputSpec(shape=(None, 4))
    proto = to_onnx(model, input_signature=spec)
    assert len(proto.graph.input) == 2
    answers(proto, model, (tensor(3), tensor(4)))
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
    answers(proto, model, (argument,))


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
    answers(to_onnx(layer, input_signature=(None, 4)), layer, (tensor(4),))


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
    answers(proto, model, (tensor(4),))


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
    answers(to_onnx(model), model, (tensor(4),))


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
    answers(proto, model, (tensor(4),), batch=2)


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


# Dtypes


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_dtype_for_the_whole_file(dtype: str) -> None:
    model = dense_model()
    randomize(model)
    proto = to_onnx(model, dtype=dtype)
    made = {x.data_type for x in proto.graph.initializer}
    assert made == {onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))}
    array = np.random.default_rng(0).normal(size=(3, 4))
    (got,) = run(open_session(proto), [array.astype(dtype)])
    want = np.asarray(keras.ops.convert_to_numpy(model(array.astype("float32"))))
    assert got.dtype == dtype
    precision = {"float16": 2e-3}.get(dtype, 1e-6)
    np.testing.assert_allclose(got, want, atol=precision)


@pytest.mark.parametrize("policy", ["mixed_float16", "float16"])
def test_half_precision_policies(policy: str) -> None:
    x = keras.Input((4,), dtype="float32")
    y = layers.Dense(3, activation="gelu", dtype=policy)(x)
    model = keras.Model(x, layers.Dense(2, dtype=policy)(y))
    proto = check_model(model)
    stored = {x.data_type for x in proto.graph.initializer if len(x.dims) == 2}
    assert stored == {onnx.TensorProto.FLOAT16}


@pytest.mark.usefixtures("x64")
def test_a_float64_policy() -> None:
    x = keras.Input((4,), dtype="float64")
    y = layers.Dense(3, activation="relu", dtype="float64")(x)
    model = keras.Model(x, layers.Dense(3, dtype="float64")(y))
    randomize(model)
    proto = to_onnx(model)
    assert proto.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    # Keras multiplies in float32 on torch, whatever the policy.
    k1, b1, k2, b2 = (np.asarray(keras.ops.convert_to_numpy(v)) for v in model.weights)
    array = np.random.default_rng(0).normal(size=(3, 4))
    (got,) = run(open_session(proto), [array])
    want = np.maximum(array @ k1 + b1, 0.0) @ k2 + b2
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_large_numbers_saturate_in_float16() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Softmax()(x + np.asarray([0, -1e9, 0, -1e9], "f")))
    (got,) = run(
        open_session(to_onnx(model, dtype="float16")), [np.ones((1, 4), "float16")]
    )
    np.testing.assert_array_equal(got, [[0.5, 0, 0.5, 0]])
