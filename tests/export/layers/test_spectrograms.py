"""Spectrograms, linear and on the mel scale, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_acts.export import to_onnx
from support.differences import on
from support.export_check import check_model

STFT = layers.STFTSpectrogram
SHORT: dict[str, Any] = {"frame_length": 8, "frame_step": 4, "fft_length": 8}
SMALL: dict[str, Any] = {
    "fft_length": 16,
    "sequence_stride": 4,
    "num_mel_bins": 3,
    "sampling_rate": 8000,
    "min_freq": 200.0,
}


def _model(layer: Any, shape: tuple[int | None, ...]) -> keras.Model:
    x = keras.Input(shape)
    return keras.Model(x, layer(x))


def _compiled(model: keras.Model) -> Any:
    """Return the model under XLA; TensorFlow has NCHW kernels on some CPUs only."""

    def answer(x: np.ndarray) -> Any:
        import tensorflow as tf

        return tf.function(lambda x: model(x, training=False), jit_compile=True)(x)

    return on("tensorflow", answer)


@pytest.mark.files_differ("the backend computes the windows of the layer")
@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"mode": "log", **SHORT, "scaling": "spectrum"}, (24, 2)),
        ({"mode": "magnitude", **SHORT, "expand_dims": True}, (None, 2)),
        ({"mode": "psd", **SHORT, "padding": "same"}, (24, 1)),
        ({"mode": "real", "frame_length": 6, "scaling": None}, (24, 2)),
        ({"mode": "imag", **SHORT, "window": None, "periodic": True}, (None, 1)),
        ({"mode": "stft", **SHORT, "window": "hamming", "padding": "same"}, (None, 1)),
    ],
)
def test_stft_spectrograms(options: Any, shape: Any) -> None:
    # Keras makes the batch of a size of -1 again, from which no rule can tell it.
    # onnxruntime's Conv refuses a sequence that is shorter than its window.
    check_model(_model(STFT(**options), shape), batch_named=False, empty=False)


@pytest.mark.files_differ("the backend computes the windows of the layer")
@pytest.mark.parametrize("expand_dims", [False, True])
def test_stft_spectrograms_with_channels_first(expand_dims: bool) -> None:
    options = {**SHORT, "expand_dims": expand_dims, "data_format": "channels_first"}
    model = _model(STFT(mode="magnitude", **options), (2, 24))
    check_model(model, _compiled(model), batch_named=False)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        (SMALL, (30,)),
        ({**SMALL, "mag_exp": 1.0, "top_db": 5.0, "ref_power": 0.5}, (None,)),
        ({**SMALL, "power_to_db": False, "window": "hamming"}, (None,)),
        ({**SMALL, "sequence_length": 10, "max_freq": 3000.0, "mag_exp": 1.5}, (33,)),
        (
            {**SMALL, "window": None, "fft_length": 2048, "sequence_stride": 512},
            (2100,),
        ),
        ({**SMALL, "window": np.linspace(0.5, 2.0, 16)}, (30,)),
    ],
)
def test_mel_spectrograms(options: Any, shape: Any) -> None:
    check_model(_model(layers.MelSpectrogram(**options), shape))


def test_a_frame_ends_with_the_signal() -> None:
    """Keras counts 9 frames of 31 samples, and makes 8."""
    proto = to_onnx(_model(layers.MelSpectrogram(**SMALL), (31,)), engine="native")
    (output,) = proto.graph.output
    sizes = [d.dim_param or d.dim_value for d in output.type.tensor_type.shape.dim]
    assert sizes == ["batch", 3, 8]
