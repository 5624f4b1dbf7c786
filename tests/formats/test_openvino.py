"""Keras's own `format="openvino"`, beside reading ONNX: what the page says of it."""

import importlib.util
import warnings

import keras
import pytest

from keras_acts import layers
from support.formats.reading import batches, excesses, own_answers

# Not imported here: what it does then forks, of which JAX warns.
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="the test extra has it"
)

REFUSED = {
    "HardShrink": "aten::hardshrink",
    "SoftShrink": "aten::softshrink",
    "Threshold": "aten::threshold",
    "ThresholdedReLU": "aten::threshold",
}
"""Layers that OpenVINO refuses from torch, and what it says."""


def _exported(layer, folder):
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layer(inputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(str(folder / "m.xml"), format="openvino", verbose=False)
    return model


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="they are torch's")
def test_what_openvino_refuses(tmp_path):
    for name, operator in REFUSED.items():
        with pytest.raises(Exception, match=operator):
            _exported(getattr(layers, name)(), tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the outputs are TensorFlow's"
)
def test_outputs_of_gradients_come_last(readers, tmp_path):
    model = _exported(layers.Swish(), tmp_path)
    inputs = batches(model)
    got = readers("openvino").answers(tmp_path / "m.xml", inputs)
    assert len(got["usual"]) > 1
    first = {name: outputs[:1] for name, outputs in got.items()}
    assert max(excesses(first, own_answers(model, inputs))) <= 1
