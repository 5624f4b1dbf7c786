"""An export leaves the model, and the process, as they were; it refuses in time."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import global_seed_generator

from keras_acts.export import (
    NameClashError,
    OpsetError,
    OptionError,
    SignatureError,
    UnsupportedOperationError,
    WriteError,
    export_model,
    register_converter,
    to_onnx,
)
from support.export_check import check_model, open_session, run


def mixed_model() -> keras.Model:
    """A model with state of each kind: statistics, random seeds, frozen weights."""
    x = keras.Input((6, 6, 2), name="image")
    frozen = layers.Conv2D(3, 2, trainable=False, data_format="channels_last")
    y = layers.BatchNormalization(axis=-1)(frozen(x))
    y = layers.Dropout(0.5, seed=4)(layers.PReLU(shared_axes=[1, 2])(y))
    y = layers.GaussianNoise(0.1, seed=5)(layers.Flatten()(y))
    inner = keras.Sequential([layers.Dense(4, activation="gelu"), layers.Dense(2)])
    return keras.Model(x, inner(y))


def state(model: keras.Model) -> list[Any]:
    """Everything of a model that an export could change."""
    flat = [model, *model._flatten_layers(include_self=False)]
    return [
        [ops.convert_to_numpy(v).tobytes() for v in model.variables],
        [v.path for v in model.variables],
        [v.trainable for v in model.variables],
        [ops.convert_to_numpy(v).tobytes() for v in model.non_trainable_variables],
        [(layer.name, layer.trainable, layer.built, layer.dtype) for layer in flat],
        [[id(node) for node in layer._inbound_nodes] for layer in flat],
        [[id(node) for node in layer._outbound_nodes] for layer in flat],
        [id(x) for x in model.inputs + model.outputs],
        [sorted(vars(layer)) for layer in flat],
        [len(layer.losses) for layer in flat],
        model.get_config(),
    ]


def process_state() -> dict[str, Any]:
    """What the process has besides models: counters of names, flags, random state."""
    seeds = global_seed_generator()  # first, for it may be made only now
    return {
        "names": dict(global_state.get_global_attribute("object_name_uids") or {}),
        "config": [keras.config.floatx(), keras.config.image_data_format()],
        "policy": keras.config.dtype_policy().name,
        "numpy": np.random.get_state()[1].tobytes(),
        "python": random.getstate(),
        "keras": ops.convert_to_numpy(seeds.state).tobytes(),
    }


def broken_model() -> keras.Model:
    class Broken(layers.Layer):
        def call(self, x: Any) -> Any:
            return ops.convert_to_tensor(np.asarray(ops.convert_to_numpy(x)))

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input((3,))
    return keras.Model(x, Broken(name="broken")(x))


def test_a_model_is_untouched() -> None:
    model = mixed_model()
    before, around = state(model), process_state()
    to_onnx(model)
    assert state(model) == before
    assert process_state() == around


def test_a_model_that_fails_is_untouched() -> None:
    model = broken_model()
    before, around = state(model), process_state()
    with pytest.raises(UnsupportedOperationError):
        to_onnx(model)
    assert state(model) == before
    assert process_state() == around


def test_a_model_can_be_built_on_while_another_is_exported() -> None:
    model = mixed_model()
    to_onnx(model)
    longer = keras.Model(model.input, layers.Dense(3)(model.output))
    check_model(longer)


def test_two_threads_export_at_once() -> None:
    models = [mixed_model() for _ in range(2)]
    want = [to_onnx(model).SerializeToString() for model in models]
    got: dict[int, list[bytes]] = {0: [], 1: []}
    start = threading.Barrier(3)

    def export(i: int) -> None:
        start.wait()
        got[i] += [to_onnx(models[i]).SerializeToString() for _ in range(3)]

    def build() -> None:
        start.wait()
        got[2] = [mixed_model()(np.ones((1, 6, 6, 2), "f")) for _ in range(3)]

    threads = [threading.Thread(target=export, args=(i,)) for i in (0, 1)]
    threads.append(threading.Thread(target=build))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got[0] == [want[0]] * 3
    assert got[1] == [want[1]] * 3
    assert len(got[2]) == 3


# Refusals


def dense_model() -> keras.Model:
    x = keras.Input((4,), name="features")
    y = layers.Dense(3, name="out")(x)
    return keras.Model(x, [y, layers.Dense(2, name="other")(y)])


class Called(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any, y: Any) -> Any:
        return self.dense(x) + y


def called() -> keras.Model:
    model = Called()
    model(np.ones((1, 4), "f"), np.ones((1, 3), "f"))
    return model


REFUSED = {
    "no model": (lambda: 3, {}, SignatureError, "a Keras model"),
    "never built": (Called, {}, SignatureError, "call it once"),
    "an unbuilt Sequential": (
        lambda: keras.Sequential([layers.Dense(2)]),
        {},
        SignatureError,
        "give `input_signature`",
    ),
    "two arguments, none given": (called, {}, SignatureError, "`input_signature`"),
    "too many arguments": (
        called,
        {"input_signature": ((None, 4), (None, 3), (None, 3))},
        SignatureError,
        "too many",
    ),
    "another width": (
        dense_model,
        {"input_signature": (None, 5)},
        SignatureError,
        r"\(None, 4\).*\(None, 5\)",
    ),
    "another rank": (
        dense_model,
        {"input_signature": (None, 2, 4)},
        SignatureError,
        "must fit",
    ),
    "more inputs": (
        dense_model,
        {"input_signature": [(None, 4), (None, 4)]},
        SignatureError,
        "must fit",
    ),
    "no shape": (dense_model, {"input_signature": "wide"}, SignatureError, "'wide'"),
    "too few names": (dense_model, {"output_names": ["a"]}, SignatureError, "one name"),
    "an unknown name": (
        dense_model,
        {"input_names": {"image": "x"}},
        SignatureError,
        "features",
    ),
    "a string of names": (
        dense_model,
        {"output_names": "ab"},
        SignatureError,
        "output_names='ab'",
    ),
    "a name that is none": (
        dense_model,
        {"output_names": ["a", 3]},
        SignatureError,
        "Received: output_names",
    ),
    "one name twice": (
        dense_model,
        {"output_names": ["a", "a"]},
        NameClashError,
        "different",
    ),
    "an output named as an input": (
        dense_model,
        {"output_names": ["features", "b"]},
        NameClashError,
        "features",
    ),
    "an old opset": (dense_model, {"opset": 16}, OpsetError, "17 to 26"),
    "a new opset": (dense_model, {"opset": 27}, OpsetError, "17 to 26"),
    "no opset": (dense_model, {"opset": "21"}, OpsetError, "'21'"),
    "an unknown target": (dense_model, {"target": "tpu"}, OptionError, "portable"),
    "an unknown dtype": (dense_model, {"dtype": "int8"}, OptionError, "float16"),
    "an unknown engine": (dense_model, {"engine": "x"}, OptionError, "native"),
    "an unknown image": (
        dense_model,
        {"inputs_as_nchw": ["image"]},
        SignatureError,
        "'image'",
    ),
    "an image of rank 2": (
        dense_model,
        {"inputs_as_nchw": ["features"]},
        SignatureError,
        "channels",
    ),
    "values in a call": (broken_model, {}, UnsupportedOperationError, "broken"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, tmp_path: Path) -> None:
    make, options, error, message = REFUSED[case]
    path = tmp_path / "model.onnx"
    path.write_bytes(b"older")
    with pytest.raises(error, match=message) as caught:
        to_onnx(make(), path, **options)
    assert "Received: " in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize("export", [to_onnx, export_model])
def test_a_path_that_can_not_be(export: Any, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "model.onnx"):
        with pytest.raises(WriteError, match="Received: path="):
            export(dense_model(), path)
    assert list(tmp_path.iterdir()) == []


# Converters of one's own


def scale_layer(name: str) -> type[layers.Layer]:
    """Make a class, for the registry keeps each for good."""

    class Scale(layers.Layer):
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(shape=(shape[-1],), name="factor")

        def call(self, x: Any, twice: bool = False) -> Any:
            values = ops.convert_to_numpy(self.factor)
            return ops.convert_to_tensor(np.asarray(x)) * values * (1 + twice)

        def compute_output_spec(self, x: Any, twice: bool = False) -> Any:
            return keras.KerasTensor(x.shape, x.dtype)

    Scale.__name__ = name
    return Scale


def test_a_converter_of_ones_own() -> None:
    scale = scale_layer("Registered")

    @register_converter(scale)
    def convert(g: Any, layer: Any, x: Any, twice: bool = False) -> Any:
        return g.Mul(g.Mul(x, g.weight(layer.factor)), 2.0 if twice else 1.0)

    x = keras.Input((3,))
    layer = scale(name="scale")
    model = keras.Model(x, layer(layers.Identity()(layer(x)), twice=True))
    layer.factor.assign([1.0, 2.0, 3.0])
    proto = to_onnx(model)
    (got,) = run(open_session(proto), [np.ones((2, 3), "f")])
    np.testing.assert_array_equal(got, [[2.0, 8.0, 18.0]] * 2)
    assert any(node.name.endswith("scale/Mul") for node in proto.graph.node)


def test_a_converter_serves_classes_that_inherit_the_call() -> None:
    scale = scale_layer("Inherited")

    class Same(scale):
        pass

    class Other(scale):
        def call(self, x: Any, twice: bool = False) -> Any:
            return x * self.factor

    @register_converter(scale)
    def convert(g: Any, layer: Any, x: Any, twice: bool = False) -> Any:
        return g.Neg(x)

    x = keras.Input((3,))
    same, other = (to_onnx(keras.Model(x, cls()(x))) for cls in (Same, Other))
    assert [node.op_type for node in same.graph.node] == ["Neg"]
    assert [node.op_type for node in other.graph.node] == ["Mul"]


def test_a_second_converter_is_refused() -> None:
    scale = scale_layer("Twice")
    register_converter(scale)(lambda g, layer, x: x)
    with pytest.raises(ValueError, match="has a converter already"):
        register_converter(scale)(lambda g, layer, x: g.Neg(x))


@pytest.mark.parametrize("wrong", [(), (3,), (ops.add,), (keras.Variable,)], ids=str)
def test_only_layers_get_converters(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Received: "):
        register_converter(*wrong)


def test_a_converter_of_too_few_arguments_is_refused() -> None:
    with pytest.raises(ValueError, match="arguments of its `call`"):
        register_converter(scale_layer("Few"))(lambda g, layer: None)


@pytest.mark.parametrize(
    ("converter", "message"),
    [
        (lambda g, layer, x, twice=False: (x, x), "2 values"),
        (lambda g, layer, x, twice=False: g.Mul(x, layer.missing), "missing"),
        (lambda g, layer, x, twice=False: g.NoSuchOperator(x), "NoSuchOperator"),
    ],
    ids=["values", "attribute", "operator"],
)
def test_a_wrong_converter_is_named(converter: Any, message: str) -> None:
    scale = scale_layer("Wrong")
    register_converter(scale)(converter)
    x = keras.Input((3,))
    with pytest.raises(Exception, match=message) as caught:
        to_onnx(keras.Model(x, scale(name="scale")(x)))
    assert type(caught.value).__module__ == "keras_acts.export.errors"
