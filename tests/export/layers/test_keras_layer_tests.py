"""Keras's own layer tests, exported: each call of `run_layer_test` in Keras's wheel.

What a call describes becomes a model of one layer, with random weights and an unknown
batch size, and is compared with Keras like any other. What describes no such model is
named at the end of the run, with its reason and the counts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import onnx
import pytest

from keras_acts.export import UnsupportedOperationError, to_onnx
from support import export_check
from support.keras_tests import Configuration, call_sites, collect
from support.precision import float64_enabled
from support.runs.evidence import compares_answers

FOUND = collect()
BATCH = 3

DRAWING = {"data_layer_test"}
"""Test modules of layers that draw random numbers in inference too."""

IMPOSSIBLE = {
    "hashed_crossing_test": "ONNX has no operator for the hash",
}
"""Test modules of layers that no file can express, with the reason."""

_FLASH = "test_basics_with_flash_attention:1:0"
DIFFERING: dict[str, dict[str, str]] = {
    "torch": {
        "AveragePoolingBasicTest.test_average_pooling2d:0:5": "uneven pads",
        **{
            f"ContrastLimitedAdaptiveHistogramEqualizationTest.test_layer:{call}:0": (
                "cuts off the fraction of a limit"
            )
            for call in (0, 1)
        },
        **{
            f"ResizingTest.test_resizing_basics:0:{run}": "bicubic coefficients"
            for run in (0, 1, 4, 5, 8, 9)
        },
    },
    "jax": {
        f"{test}.{_FLASH}": "no float16 products with sums of float32 on a CPU"
        for test in ("GroupedQueryAttentionTest", "MultiHeadAttentionTest")
    },
}
"""Where one backend of Keras computes otherwise than its others, and the file is as on
these (`docs/export.md` says why), or refuses."""


OF_EACH_BACKEND = {
    # It computes constants eagerly.
    "ContrastLimitedAdaptiveHistogramEqualizationTest.test_layer",
    "ConvTransposeBasicTest.test_conv2d_transpose_basic",
    "DropoutRNNCellTest.test_basics",
    "GroupedQueryAttentionTest.test_basics_with_flash_attention",
    "MultiHeadAttentionTest.test_basics_with_flash_attention",
    "NormalizationTest.test_normalization_basics",
    "ResizingTest.test_resizing_basics",
    "TestSpectrogram.test_spectrogram_channels_first",
}
"""Keras's tests that ask each backend for other layers, or adapt them on it."""


def _module(configuration: Configuration) -> str:
    return str(configuration).partition(":")[0]


def _models() -> Iterator[Any]:
    for configuration in FOUND.models:
        name = str(configuration).partition(":")[2]
        if _module(configuration) not in {*DRAWING, *IMPOSSIBLE}:
            marks = list(_marks(name))
            if configuration.is_wide:
                marks.append(pytest.mark.files_differ("JAX reads 64 bits as 32"))
            elif name.split(":")[0] in OF_EACH_BACKEND:
                marks.append(pytest.mark.files_differ("the test is of each backend"))
            yield pytest.param(configuration, id=str(configuration), marks=marks)


def _marks(name: str) -> Iterator[pytest.MarkDecorator]:
    """Yield the marks of a case whose answers differ between backends."""
    for backend, cases in DIFFERING.items():
        if name in cases:
            yield pytest.mark.answers_differ(f"{cases[name]} on {backend}")
            if backend == keras.backend.backend():
                yield pytest.mark.xfail(reason=cases[name])


REASONS = (
    "Keras can't make a functional model",
    "Keras expects an error",
    "Keras skips it",
    "ONNX has no sparse inputs",
    "ONNX has no ragged inputs",
    "another branch of its test runs on this machine",
)
"""How the reasons begin for which a call gives no model to export."""


# A test of Keras makes a layer in a way that Keras has deprecated.
@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning")
@pytest.mark.parametrize("configuration", list(_models()))
def test_layer_of_keras_exports(configuration: Configuration) -> None:
    model = configuration.model()
    export_check.randomize(model)
    proto = to_onnx(model, engine="native")
    if not compares_answers():
        return
    onnx.checker.check_model(proto, full_check=True)
    session = export_check.open_session(proto)
    arrays = configuration.arrays(model, BATCH)
    # JAX warns of wide inputs that it has not been told to keep.
    wide = {"float64", "int64"} & {str(array.dtype) for array in arrays}
    with float64_enabled() if wide else contextlib.nullcontext():
        want = export_check.outputs_of(model, arrays)
    got = export_check.run(session, arrays)
    for expected, actual in zip(want, got, strict=True):
        export_check.assert_alike(actual, expected)


@pytest.mark.parametrize(
    "configuration", [c for c in FOUND.models if _module(c) in DRAWING], ids=str
)
def test_layer_of_keras_draws(configuration: Configuration) -> None:
    found = export_check.operators(to_onnx(configuration.model(), engine="native"))
    assert "RandomUniformLike" in found


@pytest.mark.parametrize(
    "configuration", [c for c in FOUND.models if _module(c) in IMPOSSIBLE], ids=str
)
def test_impossible_layer_of_keras_is_refused(configuration: Configuration) -> None:
    with pytest.raises(UnsupportedOperationError, match=r"Received: "):
        to_onnx(configuration.model(), engine="native")


def test_no_call_vanishes() -> None:
    reached = {c.site for c in FOUND.configurations}
    assert reached | set(FOUND.unreached) == set(call_sites())
    assert len(call_sites()) > 250
    assert len(FOUND.models) > 450


def test_each_exclusion_has_a_known_reason() -> None:
    unknown = {n: r for n, r in FOUND.excluded.items() if not r.startswith(REASONS)}
    assert not unknown
