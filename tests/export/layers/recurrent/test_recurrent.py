"""LSTM, GRU and SimpleRNN as ONNX's own operators: forms, masks, states, directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import onnx
import pytest
from keras import layers

from keras_acts import layers as activation_layers
from keras_acts.export import UnsupportedOperationError, to_onnx
from keras_acts.export.parity import verify
from support.export_check import (
    LayerCase,
    check_layer,
    check_model,
    each,
    operators,
    randomize,
)
from support.recurrent import (
    BACKWARDS,
    FEATURES,
    PLAIN,
    SEQUENCES,
    STATES,
    UNITS,
    bidirectional,
    built,
    draw_any,
    masked,
)


def layer_case(layer: Any, operators: Any = None, time: Any = None, **kwargs: Any):
    """One recurrent layer over unknown time, with the operator of its own name."""
    kwargs = {"units": UNITS, **PLAIN, **kwargs}
    names = {layer.__name__} if operators is None else operators
    return LayerCase(layer, kwargs, (time, FEATURES), names)


def lstm(*args: Any, **kwargs: Any) -> LayerCase:
    return layer_case(layers.LSTM, *args, **kwargs)


def gru(*args: Any, **kwargs: Any) -> LayerCase:
    return layer_case(layers.GRU, *args, **kwargs)


def simple(**kwargs: Any) -> LayerCase:
    """Off the CPU; there a Scan of the cell is faster than onnxruntime's operator."""
    found = layer_case(layers.SimpleRNN, {"RNN"}, **kwargs)
    return replace(found, options={"target": "portable"})


@each(
    lstm(),
    lstm(**SEQUENCES, **STATES, use_bias=False),
    lstm({"LSTM", "Slice"}, **SEQUENCES, go_backwards=True),
    lstm(**STATES, go_backwards=True, unroll=True, time=5),
    gru(),
    gru(**SEQUENCES, reset_after=False),
    gru(**STATES, go_backwards=True, reset_after=False, use_bias=False),
    gru(use_bias=False),
    simple(),
    simple(**SEQUENCES, **STATES, use_bias=False, activation="relu"),
)
def test_one_layer_is_one_operator(case: LayerCase) -> None:
    check_layer(case)


@each(
    lstm(activation="softsign", recurrent_activation="hard_sigmoid"),
    lstm(activation="elu", recurrent_activation=keras.ops.sigmoid),
    gru(activation="leaky_relu", recurrent_activation="hard_sigmoid"),
    gru(activation=None, recurrent_activation="sigmoid"),
    simple(activation="elu"),
)
def test_activations_of_the_operators(case: LayerCase) -> None:
    check_layer(case)


SCAN = {"Concat", "Expand", "Scan"}


@each(
    lstm(SCAN, activation="softplus"),
    lstm(SCAN, activation="gelu", **SEQUENCES),
    gru(SCAN, activation=activation_layers.Mish()),
    layer_case(layers.SimpleRNN, SCAN),
    lstm(SCAN, dtype="float64"),
)
def test_what_the_operators_lack_is_traced(case: LayerCase) -> None:
    check_layer(replace(case, dtype=case.kwargs.get("dtype", "float32")))


def test_a_file_in_float64_keeps_to_steps() -> None:
    """onnxruntime has no kernel of the operators in float64."""
    proto = to_onnx(built(layers.LSTM(UNITS, **PLAIN)), dtype="float64")
    assert operators(proto) == SCAN


@each(
    lstm(dtype="float16", **SEQUENCES),
    lstm(dtype="mixed_float16"),
    gru(dtype="float16", **STATES),
)
def test_half_precision(case: LayerCase) -> None:
    check_layer(case)


@pytest.mark.parametrize("opset", [17, 26])
def test_opsets(opset: int) -> None:
    x = keras.Input((5, FEATURES))
    kinds = (layers.LSTM, layers.GRU, layers.SimpleRNN)
    model = keras.Model(x, [kind(UNITS, **PLAIN)(x) for kind in kinds])
    randomize(model)
    proto = check_model(model, opset=opset, target="portable")
    assert operators(proto) == {"LSTM", "GRU", "RNN"}


def test_nothing_but_a_transpose_around_the_operator() -> None:
    model = built(layers.LSTM(UNITS, **PLAIN, **SEQUENCES, name="lstm"))
    graph = to_onnx(model).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds == ["Transpose", "LSTM", "Squeeze", "Transpose"]
    shapes = {one.name: list(one.dims) for one in graph.initializer}
    cell = "lstm/lstm_cell"
    assert shapes.pop(f"{cell}/kernel") == [1, 4 * UNITS, FEATURES]
    assert shapes.pop(f"{cell}/recurrent_kernel") == [1, 4 * UNITS, UNITS]
    assert shapes.pop(f"{cell}/bias") == [1, 8 * UNITS]
    assert list(shapes.values()) == [[1]], "the axis that the Squeeze takes away"


def test_dropout_leaves_no_trace() -> None:
    chance = {"dropout": 0.5, "recurrent_dropout": 0.5}
    dropped = built(layers.GRU(UNITS, **PLAIN, **chance, use_bias=False))
    plain = built(layers.GRU(UNITS, **PLAIN, use_bias=False))
    plain.set_weights([one for one in dropped.get_weights() if one.ndim > 1])
    assert operators(check_model(dropped, plain)) == {"GRU"}


def test_layers_in_a_row_stay_in_the_order_of_the_operators() -> None:
    x = keras.Input((None, FEATURES))
    y = layers.LSTM(UNITS, **PLAIN, **SEQUENCES)(x)
    model = keras.Model(x, layers.GRU(UNITS, **PLAIN)(y))
    randomize(model)
    kinds = [node.op_type for node in check_model(model).graph.node]
    assert kinds == ["Transpose", "LSTM", "Squeeze", "GRU", "Squeeze"]


def test_a_layer_called_twice_has_its_weights_once() -> None:
    shared = layers.LSTM(UNITS, **PLAIN)
    x, y = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    model = keras.Model([x, y], layers.Subtract()([shared(x), shared(y)]))
    randomize(model)
    weights = [one for one in check_model(model).graph.initializer if len(one.dims) > 1]
    assert len(weights) == 3


class Doubled(layers.LSTM):
    """An LSTM with a loop of its own: no operator computes it."""

    def inner_loop(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        return super().inner_loop(2.0 * sequences, *args, **kwargs)


def test_a_subclass_with_its_own_loop_is_traced() -> None:
    proto = check_model(built(Doubled(UNITS, **PLAIN)))
    assert "Scan" in operators(proto)


def initial_states(layer: Any, count: int) -> keras.Model:
    x = keras.Input((None, FEATURES))
    states = [keras.Input((UNITS,)) for _ in range(count)]
    model = keras.Model([x, *states], layer(x, initial_state=states))
    randomize(model)
    return model


@pytest.mark.parametrize(
    ("layer", "states"),
    [
        (lambda: layers.LSTM(UNITS, **PLAIN, **STATES), 2),
        (lambda: layers.GRU(UNITS, **PLAIN, **SEQUENCES, go_backwards=True), 1),
    ],
    ids=["LSTM", "GRU-backwards"],
)
def test_initial_states(layer: Any, states: int) -> None:
    proto = check_model(initial_states(layer(), states))
    assert "Scan" not in operators(proto)


ZEROS = {"zero_output_for_mask": True}


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.LSTM(UNITS, **PLAIN),
        lambda: layers.LSTM(UNITS, **PLAIN, **BACKWARDS, **STATES),
        lambda: layers.GRU(UNITS, **PLAIN, **SEQUENCES),
        lambda: layers.GRU(UNITS, **PLAIN, **SEQUENCES, **STATES, **ZEROS),
    ],
    ids=["last", "backwards", "sequences", "zeros"],
)
def test_any_mask(layer: Any) -> None:
    proto = check_model(masked(layer()), draw=draw_any)
    assert operators(proto) & {"LSTM", "GRU"}
    assert "Scan" not in operators(proto)


@pytest.mark.files_differ("JAX repeats the state in front of the first step")
@pytest.mark.parametrize("flags", [STATES, SEQUENCES], ids=["last", "sequences"])
def test_masks_with_initial_states(flags: dict[str, Any]) -> None:
    model = masked(layers.LSTM(UNITS, **PLAIN, **flags), states=2)
    proto = check_model(model, draw=draw_any)
    assert "LSTM" in operators(proto)


@pytest.mark.parametrize("flags", [STATES, {"go_backwards": True}], ids=["", "back"])
def test_a_masked_last_output_of_zeros(flags: dict[str, Any]) -> None:
    layer = layers.LSTM(UNITS, **PLAIN, **ZEROS, **flags)
    assert "LSTM" in operators(check_model(masked(layer), draw=draw_any))


@pytest.mark.parametrize("wrap", [layers.Bidirectional, lambda x: x])
def test_a_layer_that_keeps_its_state_is_refused(wrap: Any) -> None:
    x = keras.Input(batch_shape=(2, 5, FEATURES))
    layer = wrap(layers.LSTM(UNITS, **PLAIN, stateful=True))
    with pytest.raises(UnsupportedOperationError, match=r"return_state.*initial_state"):
        to_onnx(keras.Model(x, layer(x)), engine="native")


def draw_words(rng: Any, shape: Any, dtype: str) -> Any:
    """Draw words, and vectors, with holes: a word, or a vector of zeros, is masked."""
    drawn = rng.integers(0, 4, shape).astype(dtype)
    if drawn.ndim > 2:
        drawn[rng.random(shape[:2]) < 0.4] = 0
    return drawn


def sequence_classifier() -> keras.Model:
    x = keras.Input((None, FEATURES))
    y = layers.LSTM(UNITS, **PLAIN, **SEQUENCES)(layers.Masking()(x))
    y = layers.GRU(UNITS, **PLAIN)(layers.Dropout(0.3)(y))
    return keras.Model(x, layers.Dense(2, activation="softmax")(y))


def tagger() -> keras.Model:
    words = keras.Input((None,), dtype="int32")
    y = layers.Embedding(9, 3, mask_zero=True)(words)
    y = bidirectional(layers.LSTM, **SEQUENCES)(y)
    tags = layers.Dense(3, activation="softmax")
    return keras.Model(words, layers.TimeDistributed(tags)(y))


def translator() -> keras.Model:
    """An encoder whose states begin the decoder's, each over a time of its own."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None, 2), name="target")
    y = layers.Embedding(9, 3, mask_zero=True)(source)
    _, *states = layers.LSTM(UNITS, **PLAIN, **STATES)(y)
    y = layers.LSTM(UNITS, **PLAIN, **SEQUENCES)(target, initial_state=states)
    return keras.Model([source, target], layers.Dense(3)(y))


def autoencoder() -> keras.Model:
    """A code repeated over a time that every layer after it knows."""
    x = keras.Input((5, FEATURES))
    y = layers.RepeatVector(5)(layers.LSTM(2, **PLAIN)(x))
    y = layers.LSTM(UNITS, **PLAIN, **SEQUENCES)(y)
    return keras.Model(x, layers.TimeDistributed(layers.Dense(FEATURES))(y))


@pytest.mark.parametrize("make", [autoencoder, sequence_classifier, tagger, translator])
def test_models(make: Any) -> None:
    model = make()
    randomize(model)
    proto: onnx.ModelProto = check_model(model, draw=draw_words)
    assert "Scan" not in operators(proto)


@pytest.mark.slow
def test_verify_passes_or_names_the_layer_that_differs() -> None:
    # JAX would compile a loop anew for each of verify's runs.
    steps = {**PLAIN, "unroll": True}
    first = layers.GRU(UNITS, **steps, **SEQUENCES, name="first")
    second = layers.LSTM(UNITS, **steps, name="second")
    model = keras.Sequential([keras.Input((3, FEATURES)), first, second])
    randomize(model)
    proto = to_onnx(model)
    report = verify(model, proto, batch_sizes=(2,))
    assert report.status == "passed", str(report)
    second.cell.bias.assign(second.cell.bias + 0.01)
    divergence = verify(model, proto, batch_sizes=(2,)).divergence
    assert divergence is not None
    assert divergence.layer == "second"
