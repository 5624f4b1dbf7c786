"""A diagnosis leaves a model, its optimizer and the process as they were."""

from __future__ import annotations

import random
import threading

import keras
import numpy as np
import pytest
from keras import layers as keras_layers

from keras_acts import diagnose, layers
from support.networks import blobs

TRAINS = keras.backend.backend() in ("torch", "jax", "tensorflow")
X, Y = blobs(0)


def model():
    net = keras.Sequential(
        [
            keras.Input((16,)),
            keras_layers.Dense(8, activation="relu"),
            keras_layers.BatchNormalization(),
            keras_layers.Dropout(0.5),
            keras_layers.Dropout(0.1, seed=3),
            layers.RReLU(),
            keras_layers.Dense(8, activation=layers.PReLU()),
            keras_layers.Dense(4),
        ]
    )
    if TRAINS:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        net.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        net.fit(X[:32], Y[:32], verbose=0)
    return net


def state(net):
    variables = [*net.variables]
    if TRAINS:
        variables += [*net.optimizer.variables, *net.metrics_variables]
    return [np.array(keras.ops.convert_to_numpy(one)) for one in variables]


def attributes(net):
    return {
        layer.name: {name: id(value) for name, value in vars(layer).items()}
        for layer in net.layers
    }


def torch_random():
    """Return the state of torch's generator, which Keras draws dropout from."""
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch.get_rng_state().tolist()


def modes(net):
    if keras.backend.backend() != "torch":
        return []
    return [one.training for one in net.modules()]


@pytest.mark.parametrize("gradients", [False, True] if TRAINS else [False])
@pytest.mark.parametrize("training", [False, True])
def test_nothing_changes(gradients, training):
    net = model()
    if keras.backend.backend() == "torch":
        net.train(training)
    python, numpy = random.getstate(), np.random.get_state()[1].copy()
    torch_state = torch_random()
    before = state(net), attributes(net), modes(net)
    diagnose(net, X, Y, gradients=gradients)
    for old, new in zip(before[0], state(net), strict=True):
        np.testing.assert_array_equal(old, new)
    assert (attributes(net), modes(net)) == before[1:]
    assert random.getstate() == python
    assert torch_random() == torch_state
    np.testing.assert_array_equal(np.random.get_state()[1], numpy)


def test_an_error_in_between_leaves_no_trace():
    net = model()
    before = attributes(net)

    def broken():
        yield X[:32]
        raise RuntimeError("the file has ended")

    with pytest.raises(RuntimeError, match="the file has ended"):
        diagnose(net, broken())
    with pytest.raises(Exception, match=r"shape|incompatible"):
        diagnose(net, X[:, :3])
    assert attributes(net) == before


def test_other_threads_are_not_listened_to_and_two_may_look_at_once():
    net = keras.Sequential([keras.Input((16,)), keras_layers.ReLU(name="relu")])
    before = attributes(net)
    other = np.full((64, 16), -1.0, "float32")
    found = {}

    def batches(name, x, mine, theirs):
        for part in np.split(x, 4):
            mine.set()  # both are inside of their diagnosis at this point
            theirs.wait(60)
            yield part
        found[name, "done"] = True

    def look(name, x, mine, theirs):
        found[name] = diagnose(net, batches(name, x, mine, theirs), verbose=False)

    one, two = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=look, args=("positive", -other, one, two)),
        threading.Thread(target=look, args=("negative", other, two, one)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found["positive"]["relu"].dead == 0.0
    assert found["negative"]["relu"].dead == 1.0
    assert found["positive"].samples == found["negative"].samples == 64
    assert attributes(net) == before
