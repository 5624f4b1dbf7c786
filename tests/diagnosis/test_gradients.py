"""Gradients and updates, beside what calculus and a training step say."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as keras_layers

from keras_acts import diagnose, layers
from support.networks import blobs

TRAINS = keras.backend.backend() in ("torch", "jax", "tensorflow")
trains = pytest.mark.skipif(not TRAINS, reason="this backend has no gradients")

X, Y = blobs(2, samples=64)


def linear(**compiled):
    model = keras.Sequential([keras.Input((16,)), keras_layers.Dense(1, name="d")])
    if compiled:
        model.compile(**compiled)
    return model


def by_hand(model, x, y):
    """The gradient of a linear model's mean squared error: of kernel and bias."""
    kernel, bias = model.get_weights()
    error = x @ kernel + bias - y[:, None]
    return 2 * x.T @ error / len(x), 2 * error.mean(0)


@trains
@pytest.mark.parametrize("source", ["compiled", "name", "function", "object"])
def test_a_linear_model_by_hand(source):
    loss = {
        "compiled": None,
        "name": "mse",
        "function": lambda y, p: keras.ops.mean(keras.ops.square(y - p), axis=-1),
        "object": keras.losses.MeanSquaredError(),
    }[source]
    model = linear(optimizer="sgd", loss="mse") if loss is None else linear()
    found = diagnose(model, X, Y.astype("float32"), loss=loss, batch_size=64)
    want = np.sqrt(sum((g**2).sum() for g in by_hand(model, X, Y)))
    (layer,) = found.layers
    assert layer.gradient == pytest.approx(want, rel=1e-4)
    assert layer.weight == pytest.approx(np.linalg.norm(model.get_weights()[0]))
    assert (layer.name, layer.kind, layer.parameters) == ("d", "Dense", 17)
    if loss is None:
        assert layer.update == pytest.approx(0.01 * want, rel=1e-3)
        assert layer.relative_update == layer.update / layer.weight
    else:
        assert layer.update is None


@trains
def test_batches_are_averaged_and_weights_of_samples_count():
    model, y = linear(optimizer="sgd", loss="mse"), Y.astype("float32")
    parts = [by_hand(model, X[part], y[part]) for part in (slice(32), slice(32, 64))]
    norms = [np.sqrt(sum((g**2).sum() for g in part)) for part in parts]
    assert diagnose(model, X, y).layers[0].gradient == pytest.approx(
        np.mean(norms), rel=1e-4
    )
    weights = np.full(64, 3.0, "float32")
    weighted = diagnose(model, (X, y, weights)).layers[0]
    assert weighted.gradient == pytest.approx(3 * np.mean(norms), rel=1e-4)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.02),
    "adamw": lambda: keras.optimizers.AdamW(0.02, weight_decay=0.1),
    "clipped": lambda: keras.optimizers.RMSprop(0.02, clipnorm=0.1),
    "schedule": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    ),
}


@trains
@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_update_is_that_of_the_next_training_step(name, steps):
    model = linear(optimizer=OPTIMIZERS[name](), loss="mse")
    y = Y.astype("float32")
    for _ in range(steps):
        model.train_on_batch(X, y)
    found = diagnose(model, X, y, batch_size=64).layers[0]
    before = model.get_weights()
    model.train_on_batch(X, y)
    moved = [new - old for new, old in zip(model.get_weights(), before, strict=True)]
    want = np.sqrt(sum((one**2).sum() for one in moved))
    assert found.update == pytest.approx(want, rel=1e-3)


@trains
def test_layers_in_the_order_of_their_calls_with_frozen_ones_left_out():
    class Reversed(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras_layers.Dense(1, name="last")
            self.frozen = keras_layers.Dense(4, name="frozen", trainable=False)
            self.first = keras_layers.Dense(4, layers.PReLU(name="act"), name="first")

        def call(self, x):
            return self.last(self.frozen(self.first(x)))

    model = Reversed()
    model.compile("sgd", "mse")
    found = diagnose(model, X, Y)
    assert [one.name for one in found.layers] == ["first/act", "first", "last"]


@trains
def test_what_the_loss_does_not_depend_on_has_no_gradient():
    inputs = keras.Input((16,))
    one = keras_layers.Dense(1, name="one")(inputs)
    other = keras_layers.Dense(1, name="other")(inputs)
    model = keras.Model(inputs, [one, other])
    model.compile("sgd", ["mse", None])
    found = diagnose(model, (X, [Y.astype("float32"), None])).layers
    one, other = sorted(found, key=lambda x: x.name)
    assert one.gradient > 0
    # JAX differentiates by all weights, and knows none that isn't connected.
    assert other.gradient == (0.0 if keras.backend.backend() == "jax" else None)


@trains
def test_float16_is_scaled_as_in_training():
    model = keras.Sequential(
        [
            keras.Input((16,)),
            keras_layers.Dense(8, "relu", dtype="mixed_float16"),
            keras_layers.Dense(1, dtype="float32"),
        ]
    )
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), 256.0)
    model.compile(optimizer, "mse")
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    plain.compile("sgd", "mse")
    half, single = (diagnose(one, X, Y) for one in (model, plain))
    for a, b in zip(half.layers, single.layers, strict=True):
        assert a.gradient == pytest.approx(b.gradient, rel=0.02)
        assert a.update == pytest.approx(b.update, rel=0.02)


@trains
def test_embeddings_have_gradients():
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            keras_layers.Embedding(10, 4, name="words"),
            keras_layers.Flatten(),
            keras_layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    words = np.random.default_rng(0).integers(0, 10, (40, 5))
    found = diagnose(model, words, np.ones((40, 1)))
    assert found.layers[0].name == "words"
    assert found.layers[0].gradient > 0


@trains
def test_a_frozen_model_has_none():
    model = linear(optimizer="sgd", loss="mse")
    model.trainable = False
    found = diagnose(model, X, Y)
    assert (found.layers, found.samples) == ((), 64)
    with pytest.raises(ValueError, match="all frozen"):
        diagnose(model, X, Y, gradients=True)


def test_gradients_are_refused_where_they_can_not_be():
    with pytest.raises(ValueError, match=r"needs a loss|can't train"):
        diagnose(linear(), X, Y, gradients=True)
    assert diagnose(linear(), X, Y).layers == ()


@trains
def test_a_target_of_no_output_is_refused():
    inputs = keras.Input((16,))
    outputs = {"a": keras_layers.Dense(1)(inputs), "b": keras_layers.Dense(1)(inputs)}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {"a": "mse", "b": "mse"})
    with pytest.raises(ValueError, match=r"outputs: 'a', 'b'\. Received: 'c'"):
        diagnose(model, X, {"a": Y, "c": Y})
    assert len(diagnose(model, X, {"a": Y, "b": Y}).layers) == 2


@trains
@pytest.mark.parametrize("make", [layers.PReLU, keras_layers.PReLU])
def test_a_slope_that_is_never_used_is_no_vanished_gradient(make):
    dense = keras_layers.Dense(8, "relu", kernel_initializer="he_normal")
    model = keras.Sequential(
        [
            keras.Input((16,)),
            dense,
            make(alpha_initializer="ones"),
            keras_layers.Dense(4),
        ]
    )
    found = diagnose(model, X, np.eye(4)[Y], loss="mse")
    by_name = {one.name: one for one in found.layers}
    assert by_name[model.layers[1].name].gradient == 0
    assert "vanishing gradient" not in {one.kind for one in found.findings}


@trains
def test_gradients_need_targets_and_one_output_for_a_loss():
    with pytest.raises(ValueError, match="must have targets"):
        diagnose(linear(optimizer="sgd", loss="mse"), X, gradients=True)
    assert diagnose(linear(optimizer="sgd", loss="mse"), X).layers == ()
    assert (
        diagnose(linear(optimizer="sgd", loss="mse"), X, Y, gradients=False).layers
        == ()
    )
    with pytest.raises(ValueError, match="`loss` must be a loss of Keras"):
        diagnose(linear(), X, Y, loss="no such")
    inputs = keras.Input((16,))
    two = keras.Model(inputs, [inputs, keras_layers.Dense(1)(inputs)])
    with pytest.raises(ValueError, match="several outputs"):
        diagnose(two, X, Y, loss="mse")
