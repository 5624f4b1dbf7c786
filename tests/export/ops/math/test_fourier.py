"""Fourier transforms, whole and of windows, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support import export_check, operations
from support.operations import Operation, one

OPSETS = (17, None, 26)
SIGNAL = {"shapes": ((24,),)}
PAIR = {"shapes": ((4, 6), (4, 6))}
SPECTRA = {"shapes": ((7, 5), (7, 5))}


def _window(length: int, points: int, constant: float = 0.5) -> np.ndarray:
    wave = np.cos(2 * np.pi * np.arange(length) / length)
    before = (points - length) // 2
    return np.pad(constant - (1 - constant) * wave, (before, points - length - before))


def _stft_rectangular(x: np.ndarray) -> Any:
    """torch makes the window of ones as long as the sequence, not as the transform."""
    starts = range(0, x.shape[-1] - 8 + 1, 3)
    spectra = np.fft.rfft(np.stack([x[:, i : i + 8] for i in starts], 1))
    return spectra.real.astype("f"), spectra.imag.astype("f")


def istft_reference(
    real: np.ndarray, imag: np.ndarray, *, stride: int, points: int, **options: Any
) -> np.ndarray:
    """Divide by the squares of the windows that are there, as JAX always does.

    TensorFlow divides by those of endless windows, torch where it does not center.
    """
    window, center, length = (options.get(k) for k in ("window", "center", "length"))
    pieces = np.fft.irfft(real + 1j * imag, points)
    total = np.zeros((len(real), (real.shape[1] - 1) * stride + points))
    squares = np.zeros(total.shape[1])
    factor = np.ones(points) if window is None else window
    for i in range(real.shape[1]):
        place = slice(i * stride, i * stride + points)
        total[:, place] += pieces[:, i] * factor
        squares[place] += factor**2
    if window is not None:
        total /= np.where(squares > 1e-10, squares, 1)
    start = points // 2 if center else 0
    end = total.shape[1] - start if length is None else start + length
    return total[:, start:end].astype(real.dtype)


def _istft(**options: Any) -> Any:
    return lambda *x: istft_reference(*x, **options)


WHOLE = [
    one("fft", lambda x, y: ops.fft((x, y)), opsets=OPSETS, **PAIR),
    one("fft2", lambda x, y: ops.fft2((x, y)), **PAIR),
    one("ifft2", lambda x, y: ops.ifft2((x, y)), **PAIR),
    one(
        "fft of float16",
        lambda x, y: ops.fft((x, y)),
        dtypes=("float16",),
        reference=lambda x, y: tuple(part.astype("float16") for part in _fft(x, y)),
        **PAIR,
    ),
    one("rfft", ops.rfft, **SIGNAL),
    one("rfft of an odd length", ops.rfft, shapes=((2, 7),)),
    one("rfft cut", lambda x: ops.rfft(x, 9), shapes=((None,),)),
    one("rfft filled up", lambda x: ops.rfft(x, 16), shapes=((9,),)),
    one("rfft of an unknown length", ops.rfft, shapes=((None,),), opsets=OPSETS),
    one("irfft", lambda x, y: ops.irfft((x, y)), **PAIR),
    one("irfft of an odd length", lambda x, y: ops.irfft((x, y), 11), **PAIR),
    one("irfft cut", lambda x, y: ops.irfft((x, y), 6), shapes=((None,), (None,))),
    one("irfft filled up", lambda x, y: ops.irfft((x, y), 16), **PAIR),
    one(
        "irfft of an unknown length",
        lambda x, y: ops.irfft((x, y)),
        shapes=((None,), (None,)),
        opsets=OPSETS,
    ),
]

WINDOWS = [
    one("sequences", lambda x: ops.extract_sequences(x, 6, 4), shapes=((3, 24),)),
    one("sequences that end early", lambda x: ops.extract_sequences(x, 5, 3),
        shapes=((None,),), dtypes=("int32",)),
    one("sequences with gaps", lambda x: ops.extract_sequences(x, 2, 4),
        shapes=((None,),)),
    one("stft", lambda x: ops.stft(x, 8, 4, 8), opsets=OPSETS, **SIGNAL),
    one("stft of an unknown length", lambda x: ops.stft(x, 6, 3, 8),
        shapes=((None,),)),
    one("stft hamming", lambda x: ops.stft(x, 6, 2, 8, window="hamming", center=False),
        shapes=((2, 24),)),
    one("stft without a window", lambda x: ops.stft(x, 6, 3, 8, None, center=False),
        reference=_stft_rectangular, **SIGNAL),
    one("stft by a window", lambda x: ops.stft(x, 4, 2, 4, np.arange(1.0, 5.0)),
        **SIGNAL),
    one("istft", lambda x, y: ops.istft((x, y), 8, 4, 8),
        reference=_istft(stride=4, points=8, window=_window(8, 8), center=True),
        opsets=OPSETS, **SPECTRA),
    one("istft of unknown lengths", lambda x, y: ops.istft((x, y), 6, 3, 8),
        reference=_istft(stride=3, points=8, window=_window(6, 8), center=True),
        shapes=((None, 5), (None, 5))),
    one("istft hamming", lambda x, y: ops.istft((x, y), 8, 3, 8, 20, "hamming", False),
        reference=_istft(stride=3, points=8, window=_window(8, 8, 0.54), length=20),
        **SPECTRA),
    one("istft without a window", lambda x, y: ops.istft((x, y), 8, 2, 8, None, None),
        reference=_istft(stride=2, points=8, center=True), **SPECTRA),
]  # fmt: skip


def _fft(real: np.ndarray, imag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    result = np.fft.fft(real.astype("float64") + 1j * imag)
    return result.real, result.imag


@export_check.each(*WHOLE, *WINDOWS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


@pytest.mark.parametrize("points", [1536, 2048, 2053, 2310])
def test_long_transforms(points: int) -> None:
    x = keras.Input((points,))
    real, imag = ops.rfft(x)
    model = keras.Model(
        x, (real, imag, ops.irfft((real, imag), points), *ops.fft((x, -x)))
    )
    proto = to_onnx(model, engine="native")
    array = np.random.default_rng(3).normal(size=(2, points)).astype("float32")
    got = export_check.run(export_check.open_session(proto), [array])
    wide = array.astype("float64")
    half, whole = np.fft.rfft(wide), np.fft.fft(wide - 1j * wide)
    want = [half.real, half.imag, wide, whole.real, whole.imag]
    for ours, theirs in zip(got, want, strict=True):
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


@pytest.mark.parametrize("points", [16, 23, 1000, 2053, 4800])
def test_unknown_lengths(points: int) -> None:
    x = keras.Input((None,))
    proto = to_onnx(keras.Model(x, ops.rfft(x)), engine="native")
    array = np.random.default_rng(3).normal(size=(2, points)).astype("float32")
    got = export_check.run(export_check.open_session(proto), [array])
    half = np.fft.rfft(array.astype("float64"))
    for ours, theirs in zip(got, [half.real, half.imag], strict=True):
        assert np.abs(ours - theirs).max() <= 1e-6 * np.abs(theirs).max()


def test_long_columns() -> None:
    x = keras.Input((1500, 2))
    real, imag = ops.fft2((x, -x))
    model = keras.Model(x, (real, imag, *ops.ifft2((real, imag))))
    proto = to_onnx(model, engine="native")
    array = np.random.default_rng(3).normal(size=(2, 1500, 2)).astype("float32")
    got = export_check.run(export_check.open_session(proto), [array])
    whole = np.fft.fft2(array - 1j * array.astype("float64"))
    for ours, theirs in zip(got, [whole.real, whole.imag, array, -array], strict=True):
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


@pytest.mark.usefixtures("x64")
def test_float64_is_exact() -> None:
    x = keras.Input((None,), dtype="float64")
    model = keras.Model(x, [*ops.rfft(x), *ops.stft(x, 6, 3, 8, center=False)])
    proto = to_onnx(model, engine="native")
    array = np.random.default_rng(3).normal(size=(2, 20))
    got = export_check.run(export_check.open_session(proto), [array])
    pieces = np.stack([array[:, i : i + 8] for i in range(0, 13, 3)], axis=1)
    for spectrum, parts in zip(
        (np.fft.rfft(array), np.fft.rfft(pieces * _window(6, 8))),
        (got[:2], got[2:]),
        strict=True,
    ):
        np.testing.assert_allclose(parts[0] + 1j * parts[1], spectrum, atol=1e-12)
