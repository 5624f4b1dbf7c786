"""MelSpectrogram, whose `call` uses the backend directly.

STFTSpectrogram needs no converter: its `call` is a convolution by `keras.ops`.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import half_to_float32
from keras_acts.export.convert.ops.math.stft import short_time_transform, window_of
from keras_acts.export.convert.registry import register_converter


@register_converter(keras.layers.MelSpectrogram)
def mel_spectrogram(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `MelSpectrogram` to an STFT, a MatMul with mel weights, and Log."""
    x = half_to_float32(g, g.cast(inputs, g.spec.dtype))
    real, imag = short_time_transform(
        g,
        x,
        window=window_of(layer.window, layer.sequence_length, layer.fft_length),
        stride=layer.sequence_stride,
        center=True,
    )
    power = g.Add(g.Mul(real, real), g.Mul(imag, imag))
    if layer.mag_exp != 2.0:
        power = g.Pow(power, layer.mag_exp / 2.0)
    mel = g.MatMul(power, g.cast(mel_weights(layer), require_dtype(x)))
    decibels = _decibels(g, layer, mel) if layer.power_to_db else mel
    rank = g.rank(x) + 1
    return g.Transpose(decibels, perm=[*range(rank - 2), rank - 1, rank - 2])


def _decibels(g: GraphBuilder, layer: Any, x: ir.Value) -> ir.Value:
    """Convert power to decibels, clipped at `top_db` below the maximum of the batch."""
    minimum = layer.min_power
    reference = 10.0 * math.log10(max(abs(layer.ref_power), minimum))
    levels = g.Mul(g.Log(g.Max(x, minimum)), 10.0 / math.log(10.0))
    levels = g.Sub(levels, reference)
    return g.Max(levels, g.Sub(reduce(g, "ReduceMax", levels), layer.top_db))


def mel_weights(layer: Any) -> np.ndarray[Any, Any]:
    """Return the weight of each frequency in each band: triangles on the mel scale.

    The first frequency, the mean, has weight 0. In float32 as Keras computes them, for
    of low frequencies the differences of mels have a few digits less.
    """
    frequencies = _line(0.0, layer.sampling_rate / 2, layer.fft_length // 2 + 1)
    mels = _mel(frequencies)[:, None]
    low_end, high_end = _mel(np.asarray([layer.min_freq, layer.max_freq], np.float32))
    edges = _line(float(low_end), float(high_end), int(layer.num_mel_bins) + 2)
    low, center, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (mels - low) / (center - low)
    falling = (high - mels) / (high - center)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights


def _line(start: float, stop: float, count: int) -> np.ndarray[Any, Any]:
    """Return `linspace` as computed in float32."""
    step = np.float32(np.float32(stop) - np.float32(start)) / np.float32(count - 1)
    return np.float32(start) + step * np.arange(count, dtype=np.float32)


def _mel(hertz: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.float32(1127.0) * np.log(1 + hertz / np.float32(700.0))
