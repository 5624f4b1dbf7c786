"""Files of the wrong kind, and places that can't be written, on the command line.

Wrong flags are in `test_model_commands`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app
from support.folders import contents
from support.full_disk import full_from
from support.handmade import classifier, classifier_onnx

pytestmark = pytest.mark.in_turn("messages and exit codes, whatever the backend")

BAD_INPUT = 2


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model, its ONNX file, and what looks like them."""
    folder = tmp_path_factory.mktemp("files")
    model = classifier()
    model.save(folder / "model.keras")
    model.save_weights(folder / "only.weights.h5")
    whole = (folder / "model.keras").read_bytes()
    (folder / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.keras").write_bytes(b"")
    (folder / "text.txt").write_text("no model")
    (folder / "text.h5").write_text("no model")
    proto = classifier_onnx(model).SerializeToString()
    (folder / "model.onnx").write_bytes(proto)
    (folder / "cut.onnx").write_bytes(proto[: len(proto) // 2])
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "keras.onnx").write_bytes(whole)
    return folder


def refused(*arguments):
    """Run a command that has to be refused, and return its line on stderr."""
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == BAD_INPUT, result.output
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("keras-acts: error: ")
    return line


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("text.txt", "MODEL must be a .keras or .h5 or .hdf5 file or a SavedModel"),
        ("only.weights.h5", "not weights alone"),
        ("text.h5", "cannot be loaded"),
        ("cut.keras", "cannot be loaded"),
        ("empty.keras", "cannot be loaded"),
    ],
)
@pytest.mark.parametrize("command", ["export", "verify"])
def test_what_is_no_model(command, file, message, files, tmp_path):
    other = tmp_path / "new.onnx" if command == "export" else files / "model.onnx"
    assert message in refused(command, files / file, other)
    assert not list(tmp_path.iterdir())


def test_an_onnx_file_is_nothing_to_export(files, tmp_path):
    line = refused("export", files / "model.onnx", tmp_path / "new.onnx")
    assert "MODEL must be a .keras" in line


@pytest.mark.parametrize("file", ["text.txt", "cut.onnx", "empty.onnx", "keras.onnx"])
def test_what_is_no_onnx_model(file, files):
    line = refused("verify", files / "model.keras", files / file)
    assert "no ONNX model" in line
    assert file in line


@pytest.mark.parametrize(
    "place",
    ["file/model.onnx", "none/model.onnx", "folder.onnx", "/proc/model.onnx"],
    ids=lambda x: x.strip("/"),
)
def test_a_place_where_nothing_can_be_written(place, files, tmp_path, monkeypatch):
    if not Path(place).anchor:
        monkeypatch.chdir(tmp_path)
    elif not Path(place).parent.exists():
        pytest.skip("this system has no such place")
    (tmp_path / "file").write_bytes(b"older")
    (tmp_path / "folder.onnx").mkdir()
    assert place in refused("export", files / "model.keras", place)
    assert sorted(x.name for x in tmp_path.iterdir()) == ["file", "folder.onnx"]
    assert (tmp_path / "file").read_bytes() == b"older"


@pytest.mark.skipif(
    sys.platform == "win32", reason="a disk is made full by a limit that Unix has"
)
@pytest.mark.parametrize("older", [True, False], ids=["older file", "no file"])
def test_a_disk_that_is_full(older, files, tmp_path):
    out = tmp_path / "model.onnx"
    if older:
        out.write_bytes(b"older")
    before = contents(tmp_path)
    with full_from(256):
        line = refused("export", files / "model.keras", out)
    assert "The model can't be written: " in line
    assert contents(tmp_path) == before


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_is_not_built_says_what_to_do(tmp_path):
    keras.Sequential([keras.layers.Dense(3)]).save(tmp_path / "unbuilt.keras")
    line = refused("export", tmp_path / "unbuilt.keras", tmp_path / "model.onnx")
    assert "do not exist yet: call it once" in line
