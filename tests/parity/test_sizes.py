"""The sizes of unknown axes are searched until the model takes them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_acts.export import to_onnx
from keras_acts.export.parity import verify

L = keras.layers

pytestmark = pytest.mark.runs_once("the search is the same on each backend")


def cropping(x):
    """A network that looks 2,000 steps to either side, as those on genomes do."""
    y = L.Conv1D(4, 3, padding="same", activation="relu")(x)
    return L.Conv1D(2, 1)(L.Cropping1D(2000)(y))


@keras.saving.register_keras_serializable("sizes_tests")
class Positions(L.Layer):
    """Has a table of 10 positions."""

    def build(self, shape):
        self.table = self.add_weight(shape=(10, shape[-1]))

    def call(self, x):
        return x + keras.ops.convert_to_tensor(self.table)[: keras.ops.shape(x)[1]]

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


def halving(x):
    """Takes lengths that 8 divides."""
    return L.Reshape((-1, 8 * x.shape[-1]))(x)


SIZES = {
    "cropped": (cropping, {4096, 5888}),
    "few positions": (Positions(), {8, 10}),
    "divisible": (halving, {16, 24}),
    "any": (lambda x: L.ReLU()(x), {16, 23}),
}


def model_of(name: str) -> keras.Model:
    x = keras.Input((None, 3), name="x")
    model = keras.Model(x, SIZES[name][0](x))
    rng = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape).astype("float32"))
    return model


@pytest.mark.parametrize("name", SIZES)
def test_two_sizes_are_found_and_used(name):
    model = model_of(name)
    report = verify(model, to_onnx(model), batch_sizes=(1, 2))
    assert report.passed, report
    assert not report.warnings
    used = {int(case.split("×")[1]) for case in report.cases if "×" in case}
    assert used == SIZES[name][1]


def test_own_inputs_are_enough_where_no_size_is_found():
    x = keras.Input((None,), name="x")
    y = keras.ops.reshape(x, (-1, 30011)) * 2.0
    model = keras.Model(x, y)
    proto = to_onnx(model)
    with pytest.raises(ValueError, match="accepts no generated input: pass `inputs`"):
        verify(model, proto)
    report = verify(model, proto, inputs=np.ones((2, 30011), "float32"))
    assert report.cases == ("own arrays",)
    (warning,) = [one for one in report.warnings if "refuses" in one]
    assert warning.startswith("Keras refuses 'inputs of any size': ")


class Doubled(L.Layer):
    def call(self, x):
        return keras.ops.cast(x, "float32") * 2.0


INTEGERS = {
    ("int32", "int32"): None,
    ("int32", "int64"): "expected int32, got int64",
    ("int64", "int32"): "expected int64, got int32",
    ("uint8", "int32"): "expected uint8, got int32",
}


@pytest.mark.parametrize("pair", INTEGERS, ids=str)
def test_an_integer_input_of_another_width_fails(pair):
    model, other = (
        keras.Sequential([keras.Input((4,), dtype=dtype, name="x"), Doubled(name="y")])
        for dtype in pair
    )
    report = verify(model, to_onnx(other))
    assert report.passed is (INTEGERS[pair] is None), report
    if INTEGERS[pair]:
        assert INTEGERS[pair] in report.problems[0]
