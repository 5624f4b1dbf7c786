"""What data may be: each source of the same samples gives the same diagnosis."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as keras_layers

from keras_acts import diagnose
from support.networks import blobs

TRAINS = keras.backend.backend() in ("torch", "jax", "tensorflow")
pytestmark = pytest.mark.in_turn("sources are read alike")

X, Y = blobs(1, samples=90)


class Sequence(keras.utils.PyDataset):
    def __init__(self, count=3):
        super().__init__()
        self.count = count

    @property
    def num_batches(self):
        return self.count

    def __getitem__(self, index):
        part = slice(32 * index, 32 * index + 32)
        return X[part], Y[part]


def torch_loader():
    torch = pytest.importorskip("torch", reason="its loaders are of torch")
    data = torch.utils.data.TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    return torch.utils.data.DataLoader(data, batch_size=32)


def tf_dataset():
    tf = pytest.importorskip("tensorflow", reason="tf.data is of TensorFlow")
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)


def generator():
    for start in range(0, len(X), 32):
        yield X[start : start + 32], Y[start : start + 32]


SOURCES = {
    "arrays": lambda: (X, Y),
    "tensors": lambda: (keras.ops.convert_to_tensor(X), keras.ops.convert_to_tensor(Y)),
    "float64": lambda: (X.astype("float64"), Y),
    "generator": generator,
    "list of batches": lambda: list(generator()),
    "PyDataset": Sequence,
    "torch": torch_loader,
    "tf.data": tf_dataset,
}


def net():
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((16,)),
            keras_layers.Dense(8, "relu", name="inner"),
            keras_layers.Dense(4),
        ]
    )
    if TRAINS:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_gives_the_same(source):
    want, got = diagnose(net(), X, Y), diagnose(net(), SOURCES[source]())
    assert (got.samples, got.batches) == (90, 3)
    assert got.activations == want.activations
    if TRAINS:
        assert got.loss == pytest.approx(want.loss)
        assert [x.gradient for x in got.layers] == pytest.approx(
            [x.gradient for x in want.layers]
        )


def two_inputs():
    inputs = {"a": keras.Input((16,), name="a"), "b": keras.Input((16,), name="b")}
    x = keras_layers.ReLU(name="relu")(inputs["a"] - inputs["b"])
    return inputs, x


@pytest.mark.parametrize("kind", ["dict", "list"])
def test_several_inputs(kind):
    inputs, x = two_inputs()
    given = inputs if kind == "dict" else list(inputs.values())
    data = {"a": X, "b": 2 * X} if kind == "dict" else [X, 2 * X]
    found = diagnose(keras.Model(given, x), data)
    assert found.samples == 90
    assert found["relu"].sparsity == pytest.approx((X >= 0).mean())


def test_steps_ends_what_has_no_end():
    def endless():
        while True:
            yield X[:10]

    assert diagnose(net(), endless(), steps=4).samples == 40
    assert diagnose(net(), Sequence(None), steps=2).batches == 2
    assert diagnose(net(), X, steps=2, batch_size=16).samples == 32


def test_a_progress_bar(capsys):
    diagnose(net(), X, verbose=True)
    assert "3/3" in capsys.readouterr().out
    diagnose(net(), X)
    assert capsys.readouterr().out == ""


WRONG = {
    "no samples": (lambda: X[:0], {}, "as many samples in each array"),
    "unlike": (lambda: (X, Y[:5]), {}, "as many samples in each array"),
    "no batch": (lambda: iter(()), {}, "one batch at least"),
    "a number": (lambda: 3, {}, "must be arrays, a PyDataset"),
    "y twice": (lambda: (X, Y), {"y": Y}, "must be left out"),
    "y beside batches": (Sequence, {"y": Y}, "must be left out"),
    "batch size": (lambda: X, {"batch_size": 0}, "positive integer"),
    "steps": (lambda: X, {"steps": True}, "positive integer"),
    "without end": (lambda: Sequence(None), {}, "without an end"),
    "four parts": (lambda: iter([(X, Y, Y, Y)]), {}, "a tuple of 4"),
    "saturated": (lambda: X, {"saturated_below": 2}, "between 0 and 1"),
    "no share": (lambda: X, {"saturated_below": "a"}, "between 0 and 1"),
    "gradients": (lambda: X, {"gradients": "yes"}, "`gradients` must be True, False"),
    "activations": (lambda: X, {"activations": 3}, "`activations` must be a list"),
    "verbose": (lambda: X, {"verbose": "x"}, "`verbose` must be True or False, 'auto'"),
    "classes": (lambda: (X, Y), {"class_weight": 3}, "must map each class"),
    "text": (lambda: "data.npz", {}, "must be arrays, a PyDataset"),
    "lists": (lambda: X.tolist(), {}, "must be arrays or tensors"),
    "objects": (lambda: X.astype(object), {}, "arrays of numbers"),
    "no such layer": (lambda: X, {"activations": ["innr"]}, "layers of the model"),
    "one name": (lambda: X, {"activations": "inner"}, "a list of layers"),
}


@pytest.mark.skipif(not TRAINS, reason="this backend has no loss's gradients")
def test_targets_are_in_all_batches_or_in_none():
    with pytest.raises(ValueError, match="in each batch, or in none"):
        diagnose(net(), iter([(X[:9], Y[:9]), (X[9:20],)]))


@pytest.mark.skipif(not TRAINS, reason="this backend has no loss's gradients")
@pytest.mark.parametrize("kind", ["labels", "a column", "one-hot"])
def test_weights_of_classes_are_weights_of_samples(kind):
    weights = {0: 2.0, 2: 0.5}
    by_sample = np.select([Y == 0, Y == 2], [2.0, 0.5], 1.0).astype("float32")
    y = {"labels": Y, "a column": Y[:, None], "one-hot": np.eye(4)[Y]}[kind]
    model = net()
    if kind == "one-hot":
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss)
    want = diagnose(model, (X, y, by_sample))
    got = diagnose(model, X, y, class_weight=weights)
    assert got.loss == pytest.approx(want.loss, rel=1e-6)
    assert got.layers[0].gradient == pytest.approx(want.layers[0].gradient, rel=1e-6)
    with pytest.raises(ValueError, match="no weights of samples"):
        diagnose(model, (X, y, by_sample), class_weight=weights)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name):
    data, settings, message = WRONG[name]
    with pytest.raises(ValueError, match=message) as error:
        diagnose(net(), data(), **settings)
    assert "Received:" in str(error.value)


def test_a_layer_is_no_model():
    with pytest.raises(ValueError, match=r"must be a keras\.Model"):
        diagnose(keras_layers.ReLU(), X)
