"""Whole networks in each format, run by a process that has neither Keras nor us."""

import io

import keras
import numpy as np
import pytest

from support.formats.networks import NETWORKS, dense
from support.formats.reading import batches, excesses, own_answers
from support.formats.writers import HERE
from support.formats.writing import written

pytestmark = pytest.mark.files_differ("each backend writes formats of its own")

REFUSED = {("recurrent", "LiteRT"): "FlexTensorList"}
"""Keras's recurrent layers need TensorFlow's operators beside LiteRT's, whatever their
activation."""


@pytest.mark.parametrize("format", HERE, ids=repr)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_network(network, format, readers, tmp_path):
    model = network()
    path = written(model, format, tmp_path)
    inputs = batches(model, scale=0.5)
    refusal = REFUSED.get((network.__name__, format.name))
    if refusal is not None:
        with pytest.raises(RuntimeError, match=refusal):
            readers(format.runtime).answers(path, inputs)
        return
    got = readers(format.runtime).answers(path, inputs)
    assert max(excesses(got, own_answers(model, inputs))) <= 1


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="TorchScript is torch's")
@pytest.mark.filterwarnings("ignore")  # its tracer's, of sizes that Keras looks at
def test_torchscript_holds_no_python():
    import torch

    model = dense().eval()
    x = torch.from_numpy(batches(model)["usual"][0])
    traced = torch.jit.trace(model, x[:2], check_trace=False)
    torch.jit.save(traced, file := io.BytesIO())
    file.seek(0)
    with torch.no_grad():
        got, want = torch.jit.load(file)(x), model(x)
    np.testing.assert_array_equal(got, want)
