"""The family of errors: what each says, and what it leaves on disk.

Wrong options are in `test_untouched`, what the engines refuse in `test_engines`.
"""

from __future__ import annotations

import inspect
import pickle
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import (
    ExportError,
    ParityError,
    SignatureError,
    UnsupportedOperationError,
    WriteError,
    errors,
    export_model,
    to_onnx,
)
from keras_acts.export.parity import ParityReport
from keras_acts.export.write import files
from support.folders import contents
from support.full_disk import full_from

KINDS = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value)
    and issubclass(value, Exception)
    # Warnings are exceptions to Python, and none to the user.
    and not issubclass(value, Warning)
]
WIDE = 40
"""A layer of as many units has more bytes than `SPACE`, and the graph has fewer."""
SPACE = 4_500

FULL = "(File too large|No space left on device)"

on_unix = pytest.mark.skipif(
    sys.platform == "win32", reason="a disk is made full by a limit that Unix has"
)


def model(units: int = 3) -> keras.Model:
    x = keras.Input((WIDE,), name="x")
    dense = layers.Dense(units, kernel_initializer="ones", name="dense")
    return keras.Model(x, dense(x), name="model")


def nested(call: Any) -> keras.Model:
    """Build a model of a model of a layer that calls a function."""

    class Inner(layers.Layer):
        def call(self, x: Any) -> Any:
            return call(x)

        def compute_output_spec(self, x: Any) -> Any:
            return keras.KerasTensor(x.shape, x.dtype)

    block = keras.Sequential([keras.Input((4,)), Inner(name="inner")], name="block")
    x = keras.Input((4,))
    return keras.Model(x, block(x), name="outer")


@pytest.fixture(params=["one file", "weights apart"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write into one file, or weights from 64 bytes on into a second one."""
    if request.param == "weights apart":
        monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
        monkeypatch.setattr(files, "_GRAPH_SIZE", 0)
    return str(request.param)


# One family


def test_one_root() -> None:
    assert len(KINDS) > 7
    assert all(issubclass(kind, ExportError) for kind in KINDS)
    assert not issubclass(ExportError, ValueError | OSError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_travel_between_processes(kind: Any) -> None:
    arguments = ("what is wrong",)
    if kind is ParityError:
        arguments += (ParityReport("failed", seed=4),)
    again = pickle.loads(pickle.dumps(kind(*arguments)))
    assert type(again) is kind
    assert str(again) == "what is wrong"
    assert getattr(again, "report", None) == (arguments[1:] or (None,))[0]


# What they say


def numpy_call(x: Any) -> Any:
    return ops.tanh(np.cos(ops.convert_to_numpy(x)) + 1.0)


def complex_numbers(x: Any) -> Any:
    return ops.view_as_complex(ops.reshape(x, (-1, 2, 2)))


UNSUPPORTED = {
    "a call on values": (numpy_call, "at `ops.convert_to_numpy(x)`", "it with `keras"),
    "an operation": (complex_numbers, "math.ViewAsComplex", "Keep the real"),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_an_unsupported_operation(case: str) -> None:
    call, what, remedy = UNSUPPORTED[case]
    with pytest.raises(UnsupportedOperationError) as caught:
        to_onnx(nested(call), engine="native")
    message = str(caught.value)
    assert message.startswith("Layer outer/block/inner ")
    assert what in message
    assert remedy in message
    assert "keras_acts.export.register_converter" in message
    assert "Received: " in message
    assert "\n" not in message


def test_a_model_that_is_not_built() -> None:
    unbuilt = keras.Sequential([layers.Dense(3)], name="unbuilt")
    with pytest.raises(SignatureError, match=r"'unbuilt' do not exist yet: call it"):
        to_onnx(unbuilt)


@pytest.mark.parametrize("wrong", [None, "model.keras", np.zeros(3)], ids=str)
def test_what_is_no_model(wrong: Any) -> None:
    with pytest.raises(SignatureError, match=r"`model` must be a Keras model.*Receiv"):
        to_onnx(wrong)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError: "),
        (ValueError("\n\nfirst\nsecond"), "ValueError: first"),
        (
            ValueError(
                "Exception encountered when calling L.call().\n\n\x1b[1mbad\x1b[0m"
            ),
            "ValueError: bad",
        ),
        (
            ValueError('in user code:\n\n    File "f.py", line 3\n    TypeError: no\n'),
            "TypeError: no",
        ),
        (ValueError("One. " + "x" * 300), "ValueError: One"),
    ],
)
def test_an_error_in_one_line(error: Exception, line: str) -> None:
    assert errors.brief(error) == line


# What they leave


@pytest.mark.parametrize("export", [to_onnx, export_model])
@pytest.mark.parametrize(
    "folder", ["a file", "none", "/proc", "/dev/full"], ids=lambda x: x.strip("/")
)
def test_a_place_where_nothing_can_be_written(
    export: Any, folder: str, tmp_path: Path
) -> None:
    """Root may write anywhere but into a file, or where the system has no files."""
    place = Path(folder) if folder.startswith("/") else tmp_path / folder
    if folder.startswith("/") and not place.exists():
        pytest.skip("this system has no such place")
    (tmp_path / "a file").write_bytes(b"older")
    with pytest.raises(WriteError, match=r"Received: path="):
        export(model(), place / "model.onnx")
    assert contents(tmp_path) == {"a file": b"older"}


@on_unix
@pytest.mark.parametrize("export", [to_onnx, export_model])
@pytest.mark.parametrize("older", [True, False], ids=["older files", "no files"])
def test_a_disk_that_is_full(
    export: Any, older: bool, way: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    if older:
        to_onnx(model(3), path)
    before = contents(tmp_path)
    assert len(before) == (0 if not older else 2 if way == "weights apart" else 1)
    with full_from(SPACE), pytest.raises(WriteError, match=rf"{FULL}.*path="):
        export(model(WIDE), path)
    assert contents(tmp_path) == before


@on_unix
def test_a_disk_that_is_full_once_the_weights_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights fit, and the model's own file does not: its names are long."""
    monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
    monkeypatch.setattr(files, "_GRAPH_SIZE", 0)
    path = tmp_path / "model.onnx"
    to_onnx(model(3), path)
    before = contents(tmp_path)
    with full_from(SPACE), pytest.raises(WriteError, match=FULL):
        to_onnx(model(4), path, output_names=["long" * SPACE])
    assert contents(tmp_path) == before
