"""What the table of other libraries' names says is what those libraries do."""

import importlib

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import layers
from keras_acts._elsewhere import NAMES
from support.models import random

LIBRARIES = {"torch.nn": "torch", "jax.nn": "jax", "tf.nn": "tensorflow"}
HERE = [row for row in NAMES if LIBRARIES.get(row.library) == keras.backend.backend()]
NEEDED = {
    "Threshold": {"threshold": 0.0, "value": 0.0},
    "LogSoftmax": {"dim": -1},
    "Softmax": {"dim": -1},
    "Softmin": {"dim": -1},
}
"""Arguments that theirs require."""


def _theirs(row):
    if row.library == "torch.nn":
        import torch

        made = getattr(torch.nn, row.name)(**NEEDED.get(row.name, {}))
        return made.eval()
    module = importlib.import_module(LIBRARIES[row.library]).nn
    return getattr(module, row.name)


@pytest.mark.parametrize(
    "row", [row for row in HERE if row.layer], ids=lambda row: row.name
)
def test_theirs_is_ours(row):
    x = ops.convert_to_tensor(random(4, 6, 8))
    want = ops.convert_to_numpy(_theirs(row)(x))
    got = ops.convert_to_numpy(getattr(layers, row.layer)(**row.arguments)(x))
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6)


@pytest.mark.runs_once("it reads names")
def test_each_layer_exists_and_each_name_stands_once():
    keys = [(row.library, row.name) for row in NAMES]
    assert len(set(keys)) == len(keys)
    for row in NAMES:
        assert (row.layer is None and row.note) or hasattr(layers, row.layer)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="it lists torch's")
def test_no_module_of_torch_is_missing():
    from torch.nn.modules import activation

    listed = {row.name for row in NAMES if row.library == "torch.nn"}
    assert set(activation.__all__) == listed
