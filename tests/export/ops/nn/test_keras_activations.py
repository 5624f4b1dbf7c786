"""Keras's own activation functions and layers: onnxruntime answers as Keras does."""

import inspect

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export.convert.ops.nn.activations import KERAS
from support import tolerances
from support.export_check import open_session, run
from support.exported import (
    answers,
    arranged,
    assert_within_bounds,
    every_binade,
    exported,
    node_types,
)
from support.runs.evidence import compares_answers

SAMPLE = (3, 4)
ALONG_AXES = {"glu", "log_softmax", "softmax", "sparsemax"}
WITH_ARGUMENTS = {"threshold"}
NOT_ACTIVATIONS = {"deserialize", "get", "serialize"}

NAMES = sorted(
    name
    for name, one in vars(keras.activations).items()
    if inspect.isfunction(one) and name not in NOT_ACTIVATIONS
)

# Keras's names where the table of tolerances has ours.
OURS = {"silu": "swish", "hard_silu": "hard_swish", "gelu": "keras_gelu"}

# Keras's formulas that lose digits in a sum as large as their input.
AS_LARGE_AS_THE_INPUT = {"Softmax-axes", "squareplus"}

SLOPES = keras.initializers.RandomNormal(seed=1)

# Functions and layers with arguments: the name of the activation, and what is called.
CALLS = {
    "relu-leaky": ("relu", lambda x: ops.relu(keras.activations.relu(x, 0.3))),
    "relu-max": ("relu", lambda x: keras.activations.relu(x, max_value=0.5)),
    "relu-six": ("relu", lambda x: keras.activations.relu(x, max_value=6)),
    "relu-threshold": ("relu", lambda x: keras.activations.relu(x, threshold=1.5)),
    "relu-all": ("relu", lambda x: keras.activations.relu(x, 0.3, 2.0, 0.7)),
    "relu-negative": ("relu", lambda x: keras.activations.relu(x, -0.3, 2.0, -0.7)),
    "leaky_relu": ("leaky_relu", lambda x: ops.leaky_relu(x, 0.7)),
    "leaky_relu-steep": ("leaky_relu", lambda x: ops.leaky_relu(x, 3.0)),
    "leaky_relu-zero": ("leaky_relu", lambda x: ops.leaky_relu(x, 0.0)),
    "elu": ("elu", lambda x: keras.activations.elu(x, 0.5)),
    "elu-steep": ("celu", lambda x: keras.activations.elu(x, 2.0)),
    "celu": ("celu", lambda x: keras.activations.celu(x, 2.0)),
    "gelu-tanh": ("keras_gelu", lambda x: keras.activations.gelu(x, approximate=True)),
    "gelu-op": ("keras_gelu", ops.gelu),
    "squareplus": ("squareplus", lambda x: keras.activations.squareplus(x, b=1)),
    "hard_shrink": ("shrink", lambda x: keras.activations.hard_shrink(x, 1.5)),
    "soft_shrink": ("shrink", lambda x: keras.activations.soft_shrink(x, 1.5)),
    "threshold": ("threshold", lambda x: keras.activations.threshold(x, 1.0, -2.0)),
    "threshold-zero": ("threshold", lambda x: ops.threshold(x, 0.5, 0.0)),
    "ReLU": ("relu", layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.5)),
    "LeakyReLU": ("leaky_relu", layers.LeakyReLU()),
    "ELU": ("elu", layers.ELU()),
    "PReLU": ("prelu", layers.PReLU(SLOPES)),
    "PReLU-shared": ("prelu", layers.PReLU(SLOPES, shared_axes=[1])),
}

# Calls that mix elements along axes, on a sample of the shape (3, 4).
MIXING = {
    "glu": lambda x: keras.activations.glu(x, axis=-1),
    "glu-axis": lambda x: keras.activations.glu(x, axis=2),
    "softmax-axis": lambda x: keras.activations.softmax(x, axis=1),
    "softmax-axes": lambda x: ops.softmax(x, axis=(1, 2)),
    "log_softmax-axis": lambda x: ops.log_softmax(x, axis=1),
    "log_softmax-axes": lambda x: ops.log_softmax(x, axis=(2, 1)),
    "sparsemax-axis": lambda x: ops.sparsemax(x, axis=1),
    "Softmax": layers.Softmax(),
    "Softmax-axis": layers.Softmax(axis=1),
    "Softmax-axes": layers.Softmax(axis=[1, 2]),
}


def function_model(function, sample=SAMPLE):
    inputs = keras.Input(sample)
    return keras.Model(inputs, function(inputs))


def normal_samples(scale, shape=(5, *SAMPLE)):
    return (scale * np.random.default_rng(8).normal(size=shape)).astype("float32")


def lost_beside(name, x):
    """Return the size of the numbers in which Keras's formula loses digits."""
    return np.abs(x) if name in AS_LARGE_AS_THE_INPUT else 0.0


def assert_close_to_largest(got, want, largest=0.0):
    bound = tolerances.EXPORTED_ULPS * np.finfo("float32").eps
    largest = np.abs(want).max(initial=largest, where=np.isfinite(want))
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=bound * largest)


@pytest.mark.parametrize("name", sorted(set(NAMES) - ALONG_AXES - WITH_ARGUMENTS))
def test_every_name(name):
    model = function_model(layers.Activation(name))
    x = arranged(every_binade(), SAMPLE)
    for target in ("cpu", "portable"):
        proto = exported(model, target=target)
        if compares_answers():
            want, got = answers(model, proto, x)
            beside = lost_beside(name, x)
            assert_within_bounds(got, want, OURS.get(name, name), at=x, beside=beside)


@pytest.mark.parametrize("key", CALLS)
def test_arguments(key):
    name, call = CALLS[key]
    model = function_model(call)
    x = arranged(every_binade(), SAMPLE)
    for opset in (17, None):
        proto = exported(model, opset=opset)
        if compares_answers():
            want, got = answers(model, proto, x)
            assert_within_bounds(got, want, name, at=x, beside=lost_beside(name, x))


@pytest.mark.parametrize("key", [*sorted(ALONG_AXES), *MIXING])
def test_along_axes(key):
    call = MIXING.get(key) or layers.Activation(key)
    model = function_model(call)
    for opset in (17, None):
        proto = exported(model, opset=opset)
        if not compares_answers():
            continue
        session = open_session(proto)
        for scale in (0.01, 3.0, 1e3):
            x = normal_samples(scale)
            # The functions themselves: a Functional model can't run `ops.softmax` over
            # several axes on TensorFlow and torch.
            want = ops.convert_to_numpy(call(ops.convert_to_tensor(x)))
            assert_close_to_largest(
                run(session, [x])[0], want, np.max(lost_beside(key, x))
            )


@pytest.mark.parametrize("axis", [-1, 1, [1, 2]])
@pytest.mark.parametrize("dtype", ["bool", "float32"])
def test_masked_softmax(axis, dtype):
    inputs, mask = keras.Input(SAMPLE), keras.Input(SAMPLE, dtype=dtype)
    model = keras.Model([inputs, mask], layers.Softmax(axis=axis)(inputs, mask=mask))
    kept = np.random.default_rng(1).random((5, *SAMPLE)) < 0.6
    kept[1] = False
    arrays = [normal_samples(3.0), kept.astype(dtype)]
    (got,) = run(open_session(exported(model)), arrays)
    assert (got[~kept] == 0).all()
    if compares_answers():
        assert_close_to_largest(got, ops.convert_to_numpy(model(arrays)))


def test_wrong_sparsemax_is_exported_as_it_is():
    # Right would be [0, 0.25, 0.75].
    model = function_model(layers.Activation("sparsemax"), (3,))
    x = np.array([[0.0, 0.5, 1.0]], "float32")
    want, got = answers(model, exported(model), x)
    np.testing.assert_allclose(want, [[0.0, 0.0, 0.25]])
    np.testing.assert_allclose(got, want)


def test_every_operation_of_keras_is_known():
    known = {kind.split(".")[1].lower() for kind in KERAS} | {"exp", "tanh"}
    unknown = {name.replace("_", "") for name in NAMES} - known
    # Aliases, the identity, and the name that Keras gives to exp.
    assert unknown == {"exponential", "hardswish", "linear", "swish"}


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITH_ARGUMENTS))
def test_as_the_activation_of_another_layer(name):
    units = 6
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(units, activation=name)(inputs))
    proto = exported(model)
    assert {"MatMul", "Gemm"} & set(node_types(proto))
    if compares_answers():
        x = normal_samples(1.0, (5, 4))
        want, got = answers(model, proto, x)
        bound = 1e-5 * np.abs(want).max()
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=bound)
