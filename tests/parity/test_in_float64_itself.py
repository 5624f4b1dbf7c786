"""Models that compute in float64 themselves: of that dtype, or without a copy."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest

from keras_acts import layers
from keras_acts.export import to_onnx
from keras_acts.export.parity import verify
from keras_acts.export.parity.compare import NoTwinError
from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.reference.float64_twin import Twin, within
from keras_acts.export.trace import model_of, model_signature
from support.export_check import randomize
from support.handmade import NoConfig

L = keras.layers
BACKEND = keras.backend.backend()
DOUBLE = onnx.TensorProto.DOUBLE


class Everything(keras.Model):
    """A model whose configuration nobody can read, with what keeps a state."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.inner = keras.Sequential(
            [
                keras.Input((5, 6)),
                L.Conv1D(4, 3, padding="same", activation=layers.PReLU()),
                L.BatchNormalization(),
                L.Bidirectional(L.GRU(3, return_sequences=True)),
            ]
        )
        self.noise = L.Dropout(0.5)
        self.shift = self.add_weight(shape=(6,), initializer="random_normal")

    def call(self, x):
        return self.layer(self.noise(self.inner(x + self.shift)))


def everything():
    model = Everything(L.LSTM(4, stateful=False))
    model(np.ones((2, 5, 6), "float32"))
    randomize(model)
    return model


def of_a_function():
    dense, norm = L.Dense(4), L.LayerNormalization()
    function = lambda x: norm(dense(x)) * 3.0  # noqa: E731
    function(np.ones((2, 6), "float32"))
    return model_of(function)


IN_PLACE = {"subclassed": (everything, (3, 5, 6)), "function": (of_a_function, (3, 6))}


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_cannot_be_copied_computes_in_float64_itself(name):
    make, shape = IN_PLACE[name]
    keras.utils.set_random_seed(2)
    model = make()
    spec = keras.InputSpec(shape=(None, *shape[1:]), dtype="float32")
    signature = model_signature(model, [spec])
    inner = list(within(model))
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables]
    policies = [layer.dtype_policy for layer in inner]
    twin = Twin.of(model, signature)
    assert twin.in_place
    x = np.random.default_rng(0).normal(size=shape)
    (exact,) = twin.answers({signature.inputs[0].name: x}).values()
    assert exact.dtype == np.float64
    assert [layer.dtype_policy for layer in inner] == policies
    for variable, value in zip(model.variables, before, strict=True):
        assert keras.backend.standardize_dtype(variable.dtype) == str(value.dtype)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)
    (own,) = keras_calls.answers(
        model, signature, {signature.inputs[0].name: x.astype("float32")}
    ).values()
    error = np.abs(keras_calls.to_numpy(own) - exact).max()
    assert 1e-12 < error < 1e-5


WIDE = {
    "dense": lambda x: L.Dense(3)(x),
    "mean": lambda x: L.GlobalAveragePooling1D()(x),
    "attention": lambda x: L.MultiHeadAttention(2, 3)(x, x),
    "normalized": lambda x: L.LayerNormalization()(L.BatchNormalization()(x)),
    "recurrent": lambda x: L.SimpleRNN(4)(x),
    "subclassed": lambda x: NoConfig(L.Dense(3))(x),
}


@pytest.mark.skipif(BACKEND == "jax", reason="JAX has no float64 unless it is told to")
@pytest.mark.parametrize("name", WIDE)
def test_a_model_of_float64(name):
    """Keras rounds within it to float32; the file does not, and is right."""
    if (BACKEND, name) == ("tensorflow", "attention"):
        pytest.skip(
            "Keras rounds the scale: cast(0.1, 'float64') is float32's 0.1 there"
        )
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        x = keras.Input((5, 4), dtype="float64", name="x")
        model = keras.Model(x, WIDE[name](x))
        proto = to_onnx(model)
        report = verify(model, proto)
        assert report.passed, str(report)
        for one in proto.graph.initializer:
            if one.data_type == DOUBLE:
                one.raw_data = (np.frombuffer(one.raw_data) * 1.01).tobytes()
        if model.weights:
            assert verify(model, proto).status == "failed"
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.mark.runs_once("no numbers are compared")
def test_a_map_of_dtypes_is_left_as_it_is():
    policies = keras.dtype_policies.DTypePolicyMap()
    dense = L.Dense(3, dtype=policies, name="dense")
    model = NoConfig(dense)
    model(np.ones((2, 6), "float32"))
    before = dict(policies), dense.dtype_policy
    with pytest.raises(NoTwinError, match="its map of dtypes"):
        Twin.of(model, model_signature(model))
    assert (dict(policies), dense.dtype_policy) == before
