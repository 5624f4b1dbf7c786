"""A model is traced once: for every target, opset and dtype, and for the comparison."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import (
    UnsupportedOperationError,
    export_model,
    register_converter,
    to_onnx,
)
from keras_acts.export.convert import registry
from keras_acts.export.engines import Request, native
from keras_acts.export.parity.inputs.index_limits import index_limits
from keras_acts.export.trace import model_signature
from keras_acts.export.write import finished, to_proto
from support import same_bytes
from support.export_check import (
    assert_alike,
    check_model,
    open_session,
    operators,
    randomize,
    run,
)
from support.recurrent import BACKWARDS, FEATURES, PLAIN, SEQUENCES, STATES, UNITS

# One trace, many files

OPTIONS: tuple[dict[str, Any], ...] = (
    {"dtype": "float64"},
    {"target": "portable", "opset": 26},
    {},
    {"dtype": "float16", "target": "cuda", "opset": 20},
    {"target": "cuda"},
)
"""The first needs the operations inside recurrent layers, others their operators."""


def recurrent_layers() -> keras.Model:
    """Layers that are operators or loops, by the target and by the dtype."""
    x, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    y = layers.SimpleRNN(UNITS, **PLAIN, **SEQUENCES)(x, mask=mask)
    y = layers.GRU(UNITS, **PLAIN, **SEQUENCES, dtype="mixed_float16")(y)
    y, *states = layers.LSTM(UNITS, **PLAIN, **BACKWARDS, **STATES)(y)
    y = layers.LSTM(UNITS, **PLAIN, **SEQUENCES)(y, initial_state=states)
    both = layers.Bidirectional(layers.GRU(UNITS, **PLAIN), merge_mode=None)(y)
    steps = layers.TimeDistributed(layers.LSTM(2, **PLAIN))
    y = steps(ops.stack([y, y], axis=1))
    model = keras.Model([x, mask], [*both, Sized()(y), Sized()(x)])
    randomize(model)
    return model


class Sized(layers.Layer):
    """Multiplies by sizes, which recurrent layers of the same inputs read too."""

    def call(self, x: Any) -> Any:
        batch, length = ops.shape(x)[:2]
        return x * ops.cast(batch + length, x.dtype)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


MODELS: dict[str, Callable[[], keras.Model]] = {
    **same_bytes.MODELS,
    "recurrent layers": recurrent_layers,
}


@pytest.mark.parametrize("name", MODELS)
def test_one_trace_becomes_every_file(name: str) -> None:
    model = MODELS[name]()
    graph = native.traced(Request(model=model))
    for options in OPTIONS:
        converted = native.converted(graph, Request(model=model, **options))
        converted.metadata_props["keras_acts_engine"] = native.NAME
        proto = to_proto(finished(converted, options.get("dtype")))
        alone = to_onnx(model, engine="native", **options)
        assert proto.SerializeToString() == alone.SerializeToString(), options


@pytest.mark.slow
def test_the_files_of_one_trace_differ() -> None:
    """What the test above would not see if the options had no effect."""
    model = recurrent_layers()
    files = {to_onnx(model, **options).SerializeToString() for options in OPTIONS}
    assert len(files) == len(OPTIONS)
    assert {"LSTM", "GRU"} <= operators(to_onnx(model))
    assert not {"LSTM", "GRU"} & operators(to_onnx(model, dtype="float64"))


def test_a_layer_whose_operations_can_not_be_traced_is_an_operator() -> None:
    """Keras unrolls no loop over a time that is unknown."""
    model = keras.Sequential([layers.LSTM(UNITS, **PLAIN, unroll=True)])
    model.build((None, 5, FEATURES))
    signature = keras.InputSpec(shape=(None, None, FEATURES))
    wrapped = Calling(model.layers[0])
    wrapped(np.zeros((1, 5, FEATURES), "float32"))
    proto = to_onnx(wrapped, input_signature=signature)
    assert operators(proto) == {"LSTM"}
    with pytest.raises(UnsupportedOperationError, match="unroll"):
        to_onnx(wrapped, input_signature=signature, dtype="float64", engine="native")


class Calling(keras.Model):
    """A model of the user's own around a layer."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)


# How often the code of a model runs


class Counting(layers.Layer):
    """A layer that counts its calls: those on symbols, and all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.symbolic = self.calls = 0

    def call(self, x: Any) -> Any:
        self.calls += 1
        self.symbolic += isinstance(x, keras.KerasTensor)
        return self.result(x)

    def result(self, x: Any) -> Any:
        return x * 2.0

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def counted(layer: Counting) -> keras.Model:
    """A model that looks words up, with the layer behind; the counts begin at 0."""
    words = keras.Input((4,), dtype="int32", name="words")
    y = layers.Embedding(7, 3)(words)
    model = keras.Model(words, layers.LSTM(2, **PLAIN)(layer(y)))
    randomize(model)
    layer.symbolic = layer.calls = 0
    return model


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_an_export_calls_each_layer_once(options: dict[str, Any]) -> None:
    layer = Counting()
    to_onnx(counted(layer), **options)
    assert (layer.symbolic, layer.calls) == (1, 1)


def test_an_export_and_its_comparison_trace_the_model_once(tmp_path: Path) -> None:
    layer = Counting()
    report = export_model(counted(layer), tmp_path / "model.onnx")
    assert layer.symbolic == 1
    assert layer.calls == 1 + len(report.cases)


class Failing(Counting):
    """A layer whose weight can be traced, and whose call can not."""

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(shape=(1, 1), name="factor")

    def result(self, x: Any) -> Any:
        return ops.convert_to_numpy(x * ops.reshape(self.factor, (1,)))


def test_a_call_that_fails_is_not_repeated() -> None:
    layer = Failing()
    layer.build((None, 3))
    model = Calling(layer)
    model.built = True
    with pytest.raises(UnsupportedOperationError, match="convert_to_numpy"):
        to_onnx(model, input_signature=(None, 3), engine="native")
    assert layer.calls == 1


# Values of what a layer makes of its weights


class Scaled(Counting):
    """A layer that scales by a number, which it makes of its weights."""

    def __init__(self, number: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(shape=(1, 2), name="factor")

    def result(self, x: Any) -> Any:
        return x * self.number(ops.reshape(self.factor, (-1,)))


def by_a_condition(factor: Any) -> float:
    return 2.0 if ops.sum(factor) > 3.0 else 5.0


NUMBERS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "array": (lambda f: np.asarray(f)[1], 2.5),
    "convert_to_numpy": (lambda f: ops.convert_to_numpy(f * 2.0)[0], 3.0),
    "bool": (by_a_condition, 2.0),
    "float": (lambda f: float(ops.max(f)), 2.5),
    "int": (lambda f: int(ops.floor(f)[1]), 2.0),
    "index": (lambda f: sum(range(ops.cast(f, "int32")[1])), 1.0),
    "items": (lambda f: sum(f), 4.0),
    "branch": (lambda f: ops.cond(f[0] > 1.0, lambda: f[1], lambda: f[0]), 2.5),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_layer_may_read_what_it_made_of_its_weights(name: str) -> None:
    number, expected = NUMBERS[name]
    layer = Scaled(number)
    x = keras.Input((3,))
    model = keras.Model(x, layer(x))
    layer.factor.assign([[1.5, 2.5]])
    layer.symbolic = layer.calls = 0
    (got,) = run(open_session(to_onnx(model, engine="native")), [np.ones((2, 3), "f")])
    np.testing.assert_array_equal(got, np.full((2, 3), expected))
    assert layer.calls == 1


def test_values_have_the_dtype_in_which_the_layer_sees_its_weights() -> None:
    seen: list[Any] = []

    def number(factor: Any) -> float:
        seen.append(np.asarray(factor + 0.0))
        return float(factor[0])

    x = keras.Input((3,))
    layer = Scaled(number, dtype="mixed_float16")
    model = keras.Model(x, layer(x))
    layer.factor.assign([[1 / 3, 1.0]])
    seen.clear()
    to_onnx(model, engine="native")
    assert [one.dtype for one in seen] == ["float16"]
    assert seen[0][0] == np.float16(1 / 3)


def test_weights_stay_weights_where_their_values_are_not_asked_for() -> None:
    layer = Scaled(
        lambda factor: factor[0] * ops.convert_to_numpy(factor)[1], name="scaled"
    )
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(3, name="dense")(layer(x)))
    randomize(model)
    proto, inputs = to_onnx(model), np.ones((2, 3), "float32")
    (got,) = run(open_session(proto), [inputs])
    # Not compiled, since JAX compiles no call that asks for values.
    assert_alike(got, ops.convert_to_numpy(model(inputs, training=False)))
    names = {one.name for one in proto.graph.initializer}
    assert {"scaled/factor", "dense/kernel"} <= names


@pytest.mark.parametrize(
    "number",
    [
        lambda factor: ops.real(ops.cast(factor, "complex64"))[0],
        lambda factor: ops.flip(factor)[0],
    ],
    ids=["complex numbers", "no converter"],
)
def test_operations_on_weights_without_a_way_into_onnx_are_computed(
    number: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry._OPERATIONS, "numpy.Flip")
    x = keras.Input((3,))
    model = keras.Model(x, Scaled(number)(x))
    randomize(model)
    proto = check_model(model)
    assert operators(proto) <= {"Gather", "Mul", "Squeeze"}
    with pytest.raises(UnsupportedOperationError, match=r"numpy\.Flip"):
        to_onnx(keras.Model(x, ops.flip(x)), engine="native")


# What the comparison learns from the trace


def two_tables() -> keras.Model:
    first = keras.Input((4,), dtype="int32", name="first")
    second = keras.Input((4,), dtype="int32", name="second")
    x = layers.Embedding(3, 2)(first)
    y = layers.Embedding(9, 2)(ops.expand_dims(second, 1))
    model = keras.Model([first, second], [x, y])
    randomize(model)
    return model


def test_the_tables_of_inputs_of_other_names() -> None:
    model = two_tables()
    signature = model_signature(model)
    graph = native.traced(Request(model=model, input_names=["second", "third"]))
    assert index_limits(model, signature, graph) == {"first": 3, "second": 9}
    assert index_limits(model, signature) == {"first": 3, "second": 9}


def test_a_table_inside_a_layer_with_a_converter() -> None:
    class Looking(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.table = layers.Embedding(5, 2)

        def call(self, x: Any) -> Any:
            return self.table(x)

        def compute_output_shape(self, shape: Any) -> Any:
            return (*shape, 2)

    @register_converter(Looking)
    def convert(g: Any, layer: Any, x: Any) -> Any:
        return g.Gather(g.weight(layer.table.embeddings), x, axis=0)

    x = keras.Input((4,), dtype="int32", name="x")
    model = keras.Model(x, Looking()(x))
    graph = native.traced(Request(model=model))
    assert index_limits(model, model_signature(model), graph) == {"x": 5}
