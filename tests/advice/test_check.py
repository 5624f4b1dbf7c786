"""`check` on models with one mistake each, and what it says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import check, functional, layers
from keras_acts.advice.checking import CHECKERS
from keras_acts.advice.checks.rules import RULES
from support.own_models import Secretive, Subclassed, called

L = keras.layers
LECUN = {"kernel_initializer": "lecun_normal"}


def sequential(*stack: Any, shape: tuple[int | None, ...] = (16,)) -> Any:
    return keras.Sequential([L.Input(shape), *stack])


def dense(activation: Any = None, units: int = 16, **kwargs: Any) -> Any:
    return L.Dense(units, activation=activation, **kwargs)


def stack(activation: Callable[[], Any], depth: int) -> Any:
    return sequential(*(dense(activation()) for _ in range(depth)), dense(units=1))


def functional_relu() -> Any:
    x = L.Input((8,))
    return keras.Model(x, L.Dense(3, activation="softmax")(ops.relu(L.Dense(4)(x))))


def shared() -> Any:
    x, same = L.Input((8,)), L.Dense(8, name="same")
    return keras.Model(x, L.Dense(1)(L.ReLU()(same(same(x)))))


def timed() -> Any:
    inner = sequential(*(dense("sigmoid", 8) for _ in range(3)), shape=(8,))
    x = L.Input((5, 8))
    y = L.TimeDistributed(inner, name="timed")(x)
    y = L.TimeDistributed(dense("sigmoid", 8))(y)
    return keras.Model(x, L.TimeDistributed(dense(units=1))(y))


def sigmoid() -> Any:
    return dense("sigmoid")


IMAGE = {"shape": (16, 16, 1)}
FOUND: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "six sigmoids": (lambda: stack(lambda: "sigmoid", 6), {"saturating_stack"}),
    "six of ours": (lambda: stack(layers.Sigmoid, 6), {"saturating_stack"}),
    "six of one's own": (
        lambda: stack(lambda: lambda x: 1 / (1 + ops.exp(-x)), 6),
        {"saturating_stack"},
    ),
    "eight by hand": (
        lambda: stack(lambda: lambda x: ops.maximum(x, 0), 8),
        {"rectifier_initializer"},
    ),
    "softmax of one by hand": (
        lambda: sequential(dense(units=1), L.Lambda(ops.softmax)),
        {"softmax_over_one_unit"},
    ),
    "a function of another kind": (
        lambda: stack(lambda: lambda x: x + 0.1 * ops.sin(x), 8),
        set(),
    ),
    "eight tanhs": (lambda: stack(lambda: "tanh", 8), {"saturating_stack"}),
    "two sigmoids": (lambda: stack(lambda: "sigmoid", 2), set()),
    "sigmoids with norms": (
        lambda: sequential(
            *(
                one
                for _ in range(6)
                for one in (dense("sigmoid"), L.BatchNormalization())
            ),
            dense(units=1),
        ),
        set(),
    ),
    "sigmoids in time": (timed, {"saturating_stack"}),
    "sigmoids in blocks": (
        lambda: called(Subclassed("sigmoid", L.Dense(1), 6)),
        {"saturating_stack"},
    ),
    "tanh after convolutions": (
        lambda: sequential(
            *(L.Conv2D(4, 3, activation="tanh"), L.MaxPooling2D(), L.Conv2D(4, 3)),
            *(L.ReLU(), L.Flatten(), dense(units=1)),
            **IMAGE,
        ),
        {"saturating_convolution"},
    ),
    "softmax of one": (
        lambda: sequential(dense("softmax", 1)),
        {"softmax_over_one_unit"},
    ),
    "our softmax of one": (
        lambda: sequential(dense(units=1), layers.Softmax()),
        {"softmax_over_one_unit"},
    ),
    "softmax of one in a model": (
        lambda: called(Subclassed("relu", L.Dense(1, activation=layers.Softmax()))),
        {"softmax_over_one_unit"},
    ),
    "relu before softmax": (
        lambda: sequential(dense("relu", 4), L.Softmax()),
        {"bounded_logits"},
    ),
    "relu before sigmoid": (
        lambda: sequential(dense(layers.ReLU(), 4), L.Dropout(0.1), layers.Sigmoid()),
        {"bounded_logits"},
    ),
    "tanh before softmax": (
        lambda: sequential(dense("tanh", 4), L.Activation(functional.softmax)),
        {"bounded_logits"},
    ),
    "two in a row": (
        lambda: sequential(dense("relu"), L.LeakyReLU(), dense(units=1)),
        {"two_activations"},
    ),
    "behind softmax": (
        lambda: sequential(dense("softmax", 4), L.ReLU()),
        {"activation_after_output"},
    ),
    "softmax twice": (
        lambda: sequential(dense("softmax", 4), L.Softmax()),
        {"activation_after_output"},
    ),
    "hidden softmax": (
        lambda: sequential(dense("softmax"), dense(units=1)),
        {"softmax_in_hidden_layer"},
    ),
    "linear stack": (lambda: sequential(dense(), dense(units=2)), {"linear_stack"}),
    "linear convolution": (
        lambda: sequential(L.Conv2D(4, 3), L.Flatten(), dense(units=1), **IMAGE),
        {"linear_stack"},
    ),
    "a layer twice": (shared, {"linear_stack"}),
    "an operation between": (functional_relu, set()),
    "a low rank": (
        lambda: sequential(dense(units=2), dense("relu"), dense(units=1)),
        {"linear_stack"},
    ),
    "selu": (
        lambda: sequential(dense("selu"), dense(units=1)),
        {"selu_initializer"},
    ),
    "selu of ours": (
        lambda: sequential(dense(), layers.SELU(), dense(units=1)),
        {"selu_initializer"},
    ),
    "selu in a model": (
        lambda: called(Subclassed("selu", L.Dense(1))),
        {"selu_initializer", "selu_dropout"},
    ),
    "selu with dropout": (
        lambda: sequential(dense("selu", **LECUN), L.Dropout(0.1), dense(units=1)),
        {"selu_dropout"},
    ),
    "selu with norm": (
        lambda: sequential(
            dense(**LECUN), L.BatchNormalization(), L.Activation("selu"), dense(units=1)
        ),
        {"selu_normalization"},
    ),
    "selu as it should be": (
        lambda: sequential(dense("selu", **LECUN), L.AlphaDropout(0.1), dense(units=1)),
        set(),
    ),
    "glorot in a deep stack": (
        lambda: stack(lambda: "relu", 24),
        {"rectifier_initializer"},
    ),
    "a slope that decays": (
        lambda: sequential(dense(), L.PReLU(alpha_regularizer="l2"), dense(units=1)),
        {"prelu_regularizer"},
    ),
    "a slope of ours that decays": (
        lambda: sequential(dense(layers.PReLU(alpha_regularizer="l2")), dense(units=1)),
        {"prelu_regularizer"},
    ),
    "softmax over rows": (
        lambda: sequential(L.Conv2D(3, 1), L.Softmax(axis=1), **IMAGE),
        {"softmax_axis"},
    ),
    "softmax over channels in front": (
        lambda: sequential(
            L.Conv2D(3, 1, data_format="channels_first"), L.Softmax(axis=1), **IMAGE
        ),
        set(),
    ),
    "lstm with relu": (
        lambda: sequential(L.LSTM(4, activation="relu"), dense(units=1), shape=(5, 3)),
        {"unbounded_recurrence"},
    ),
    "gru with relu, both ways": (
        lambda: sequential(
            L.Bidirectional(L.GRU(4, activation="relu")), dense(units=1), shape=(5, 3)
        ),
        {"unbounded_recurrence"},
    ),
    "cells with tanh as gates": (
        lambda: sequential(
            L.RNN([L.GRUCell(4, recurrent_activation="tanh"), L.LSTMCell(4)]),
            dense(units=1),
            shape=(5, 3),
        ),
        {"recurrent_gate"},
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found(name: str) -> None:
    make, rules = FOUND[name]
    report = check(make())
    assert {finding.rule for finding in report} == rules
    for finding in report:
        assert finding.message.endswith(".")
        assert finding.path
        assert finding.path in str(report)


def ends_in(activation: Any, units: int = 4, **kwargs: Any) -> Any:
    return sequential(dense("relu"), dense(activation, units, **kwargs))


BINARY, SPARSE = "binary_crossentropy", "sparse_categorical_crossentropy"
LOGITS = {"from_logits": True}
LOSSES: dict[str, tuple[Any, Any, set[str]]] = {
    "mse on sigmoid": ("sigmoid", "mse", {"squared_error_on_probabilities"}),
    "mae on softmax": (
        "softmax",
        keras.losses.MeanAbsoluteError(),
        {"squared_error_on_probabilities"},
    ),
    "mse on linear": (None, keras.losses.mean_squared_error, set()),
    "mse on relu": ("relu", "mse", {"rectified_regression"}),
    "logits of sigmoid": (
        "sigmoid",
        keras.losses.BinaryCrossentropy(**LOGITS),
        {"logits_twice"},
    ),
    "logits of softmax": (
        "softmax",
        keras.losses.SparseCategoricalCrossentropy(**LOGITS),
        {"logits_twice"},
    ),
    "logits of linear": (
        None,
        keras.losses.CategoricalFocalCrossentropy(**LOGITS),
        set(),
    ),
    "no logits": (None, SPARSE, {"logits_missing"}),
    "no logits, binary": ("tanh", BINARY, {"logits_missing"}),
    "classes of sigmoids": (
        "sigmoid",
        "categorical_crossentropy",
        {"categorical_on_sigmoid"},
    ),
    "labels of softmax": ("softmax", BINARY, {"binary_on_softmax"}),
    "labels": (layers.Sigmoid, BINARY, set()),
    "classes": (functional.softmax, SPARSE, set()),
    "rates": (None, "poisson", {"negative_rate"}),
    "positive rates": ("softplus", "poisson", set()),
    "divergence": (None, keras.losses.KLDivergence(), {"logits_missing"}),
    "one's own": ("sigmoid", lambda y, p: ops.mean(y - p), set()),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    activation, loss, rules = LOSSES[name]
    made = activation() if isinstance(activation, type) else activation
    model = ends_in(made)
    assert {one.rule for one in check(model, loss=loss)} == rules
    model.compile(loss=loss)
    assert {one.rule for one in check(model)} == rules


def test_a_class_alone() -> None:
    rules = {one.rule for one in check(ends_in("sigmoid", 1), loss=SPARSE)}
    assert rules == {"categorical_on_one_unit"}


def test_losses_of_several_outputs() -> None:
    x = L.Input((8,))
    a = L.Dense(1, activation="sigmoid", name="a")(x)
    b = L.Dense(3, activation="softmax", name="b")(x)
    model = keras.Model(x, {"a": a, "b": b})
    assert [one.path for one in check(model, loss={"a": "mse", "b": SPARSE})] == ["a"]
    model = keras.Model(x, [a, b])
    assert [one.path for one in check(model, loss=[BINARY, "mse"])] == ["b"]


def test_every_rule_is_broken_by_a_model() -> None:
    broken = {rule for _, rules in FOUND.values() for rule in rules}
    broken |= {rule for _, _, rules in LOSSES.values() for rule in rules}
    assert broken | {"categorical_on_one_unit"} == set(RULES)
    assert len(CHECKERS) == len(set(CHECKERS))


def test_paths_tell_of_the_layers_around() -> None:
    (finding, *_) = check(called(Subclassed("selu", L.Dense(1))))
    assert finding.path == "block_0/inner"


def test_a_layer_that_hides_its_calls_is_looked_at_by_parts() -> None:
    x = L.Input((8,))
    hidden = Secretive("selu", name="hidden")
    hidden(np.zeros((1, 8), "float32"))
    hidden.compute_output_shape = lambda shape: (*shape[:-1], 8)
    hidden.compute_output_spec = lambda x: keras.KerasTensor((None, 8))
    report = check(keras.Model(x, L.Dense(1, activation="softmax")(hidden(x))))
    assert {one.rule for one in report} == {"selu_initializer", "softmax_over_one_unit"}
    assert report.opaque == (("hidden", "TypeError: only numbers here"),)
    assert "can't be followed: TypeError: only numbers here" in str(report)


def test_the_model_is_left_as_it_is() -> None:
    model = called(Subclassed("relu", functional_relu()), (2, 8))
    before = [weight.numpy().copy() for weight in model.weights]
    seen = [len(one._inbound_nodes) for one in model._flatten_layers()]
    assert check(model) == check(model)
    assert [len(one._inbound_nodes) for one in model._flatten_layers()] == seen
    for weight, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), old)


def test_the_report_as_data() -> None:
    report = check(sequential(dense("softmax", 1)))
    data = json.loads(report.to_json())
    assert data == report.to_dict()
    (finding,) = data["findings"]
    assert finding["rule"] == "softmax_over_one_unit"
    assert finding["severity"] == "warning"
    assert finding["sources"][0]["year"] == 1990
    assert finding["remedy"]
    assert len(report) == len(report.warnings) == 1


def test_hints_come_behind_warnings() -> None:
    model = sequential(dense(units=2), dense("softmax", 4), L.ReLU())
    severities = [one.severity for one in check(model)]
    assert severities == sorted(severities, reverse=True)
    assert len(set(severities)) == 2


MISTAKES: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "no model": ("model", {}, TypeError, "must be a Keras model. Received: model='mo"),
    "not built": (
        keras.Sequential([L.Dense(1)]),
        {},
        ValueError,
        "must be built: .* Rec",
    ),
    "a typo": (
        sequential(dense()),
        {"loss": "binary_crosentropy"},
        ValueError,
        "Did you mean 'binary_crossentropy'",
    ),
    "no loss": (
        sequential(dense()),
        {"loss": 3},
        ValueError,
        "must be a loss of Keras. Received: loss=3",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    model, arguments, error, message = MISTAKES[name]
    with pytest.raises(error, match=message):
        check(model, **arguments)
