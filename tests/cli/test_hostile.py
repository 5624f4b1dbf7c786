"""Saved models and ONNX files made to do harm: one sentence, and nothing else."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import onnx
import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app
from keras_acts.export import verify
from support.handmade import classifier, classifier_onnx
from support.hostile import refused, rewritten

pytestmark = pytest.mark.runs_once("files that no backend is asked about")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return classifier()


@pytest.fixture
def folder(model, tmp_path, monkeypatch) -> Path:
    model.save(tmp_path / "right.keras")
    (tmp_path / "right.onnx").write_bytes(classifier_onnx(model).SerializeToString())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_layer(path: Path, **changes: Any) -> None:
    """Change the configuration of the second layer of a `.keras` file."""
    config = json.loads(zipfile.ZipFile(path).read("config.json"))
    config["config"]["layers"][1] |= changes
    rewritten(path, {"config.json": json.dumps(config).encode()})


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def link_outside(path: Path) -> None:
    source = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, source.read(name))
        info = zipfile.ZipInfo("model.weights")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")


def bomb(path: Path) -> None:
    rewritten(path, {"assets/zeros": bytes(300 * 10**6)}, compressed=True)


def bomb_in_h5(path: Path) -> None:
    """Declare a weight of a terabyte, which takes no place in the file."""
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        file.create_dataset("layers/first/vars/0", (10**6, 10**6), "f4", chunks=True)
        file.create_dataset("layers/first/vars/1", (5,), "f4")
    rewritten(path, {"model.weights.h5": stored.getvalue()})


KERAS_FILES = {
    "empty": (
        lambda path: path.write_bytes(b""),
        "The model cannot be loaded: the file is empty; save or copy it again. "
        "Received: right.keras, 0 bytes",
    ),
    "cut short": (cut, "The model cannot be loaded: the file is no zip archive, as "),
    "text": (
        lambda path: path.write_text("no model"),
        "The model cannot be loaded: the file is no zip archive, as .keras files are, "
        "or is cut short; save or copy it again. Received: right.keras, 8 bytes",
    ),
    "no configuration": (
        lambda path: zipfile.ZipFile(path, "w").close(),
        "MODEL must be a whole model, as `model.save` writes: this archive has no "
        "config.json. Received: right.keras",
    ),
    "no JSON": (
        lambda path: rewritten(path, {"config.json": b"{"}),
        "The model cannot be loaded: its config.json is no JSON. Received: ",
    ),
    "deep JSON": (
        lambda path: rewritten(path, {"config.json": b"[" * 10**6}),
        "The model cannot be loaded: its config.json is no JSON. Received: ",
    ),
    "a list": (
        lambda path: rewritten(path, {"config.json": b"[1]"}),
        "The model cannot be loaded: its config.json describes no model. Received: ",
    ),
    "zip-slip": (
        lambda path: rewritten(path, {"../../outside": b"text"}),
        "The model cannot be loaded: its archive names a file outside of itself. "
        "Received: right.keras, with '../../outside'",
    ),
    "zip-slip with backslashes": (
        lambda path: rewritten(path, {"..\\outside": b"text"}),
        "The model cannot be loaded: its archive names a file outside of itself. ",
    ),
    "an absolute name": (
        lambda path: rewritten(path, {"/tmp/outside": b"text"}),
        "The model cannot be loaded: its archive names a file outside of itself. ",
    ),
    "a link": (
        link_outside,
        "The model cannot be loaded: its archive names a file outside of itself. ",
    ),
    "a zip bomb": (
        bomb,
        "The model would unpack to 0.3 GB, above the limit of 0.256 GB. If you trust "
        "the file, raise it with --max-unpacked GB. Received: right.keras, ",
    ),
    "a weight that is not there": (
        bomb_in_h5,
        "The model cannot be loaded. Received: ",
    ),
    "an unknown class": (
        lambda path: with_layer(
            path,
            module="nowhere.layers",
            class_name="Nowhere",
            registered_name="pkg>Nowhere",
        ),
        "The model holds 'Nowhere', which is unknown here; import the module that "
        "registers it with --import MODULE. Received: right.keras",
    ),
    "a class that Keras lacks": (
        lambda path: with_layer(path, class_name="Nowhere"),
        "The model holds 'keras.layers.Nowhere', which is unknown here; ",
    ),
    "a module of the system": (
        lambda path: with_layer(
            path,
            module="os",
            class_name="system",
            registered_name=None,
            config={"command": "touch harmed"},
        ),
        "The model",
    ),
    "a function of a module": (
        lambda path: with_layer(
            path,
            module="subprocess",
            class_name="function",
            registered_name="Popen",
            config="Popen",
        ),
        "The model",
    ),
    "a Lambda": (
        lambda path: with_layer(
            path,
            class_name="Lambda",
            config={
                "name": "evil",
                "function": {
                    "class_name": "__lambda__",
                    "config": {"code": "4wAAAA==", "defaults": None, "closure": None},
                },
            },
        ),
        "The model holds code, such as a Lambda layer, which runs when it is loaded. "
        "If you trust the file, allow it with --unsafe. Received: right.keras",
    ),
}


@pytest.mark.parametrize("name", KERAS_FILES)
def test_saved_models(name, folder):
    spoil, sentence = KERAS_FILES[name]
    spoil(folder / "right.keras")
    before = sorted(folder.rglob("*"))
    assert refused("verify", "right.keras", "right.onnx").startswith(sentence)
    assert refused("export", "right.keras", "new.onnx").startswith(sentence)
    assert sorted(folder.rglob("*")) == before


def test_a_limit_can_be_raised(folder):
    line = ["export", "right.keras", "new.onnx", "--max-unpacked"]
    assert "above the limit of 1e-06 GB" in refused(*line, "1e-6")
    result = CliRunner().invoke(app, [*line, "1"])
    assert result.exit_code == 0, result.output


def spoiled_onnx(change: str, proto: onnx.ModelProto) -> None:
    weight = proto.graph.initializer[0]
    if change == "no outputs":
        del proto.graph.output[:]
        return
    location = {
        "outside": "../secret.bin",
        "absolute": "/etc/passwd",
        "a drive": "C:\\secret.bin",
        "through a link": "link/secret.bin",
        "missing": "missing.bin",
        "a FIFO": "fifo.bin",
        "nothing": "",
    }[change]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    del weight.external_data[:]
    weight.external_data.add(key="location", value=location)


INSIDE = "An ONNX model must have its weights in its own folder. Received: right.onnx, "
ONNX_FILES = {
    "outside": f"{INSIDE}whose weights are in '../secret.bin'",
    "absolute": f"{INSIDE}whose weights are in '/etc/passwd'",
    "a drive": INSIDE,
    "through a link": f"{INSIDE}whose weights are in 'link/secret.bin'",
    "nothing": f"{INSIDE}whose weights are in ''",
    "missing": "The weights of right.onnx must be a file that exists. Received: ",
    "a FIFO": "The weights of right.onnx must be a regular file. Received: ",
    "no outputs": "This is no ONNX model: it has no outputs. Received: right.onnx",
}


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and links are of Unix")
@pytest.mark.parametrize("change", ONNX_FILES)
def test_onnx_models(change, folder):
    (folder.parent / "secret.bin").write_bytes(bytes(1000))
    (folder / "link").symlink_to(folder.parent)
    os.mkfifo(folder / "fifo.bin")
    proto = onnx.load("right.onnx")
    spoiled_onnx(change, proto)
    Path("right.onnx").write_bytes(proto.SerializeToString())
    sentence = ONNX_FILES[change]
    assert refused("verify", "right.keras", "right.onnx").startswith(sentence)
    assert refused("inspect", "right.onnx").startswith(sentence)


@pytest.mark.skipif(sys.platform == "win32", reason="devices and FIFOs are of Unix")
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dev/zero", "/dev/zero, a device"),
        ("fifo", "fifo, a FIFO"),
        ("fifo.keras", "fifo.keras, a FIFO"),
        ("none.onnx", "that exists. Received: none.onnx"),
        ("empty.onnx", "This is no ONNX model: it is empty. Received: empty.onnx"),
        ("huge.onnx", "the file is larger than 2 GB"),
    ],
)
def test_paths_that_never_end(path, said, folder):
    os.mkfifo("fifo")
    os.mkfifo("fifo.keras")
    Path("empty.onnx").touch()
    with Path("huge.onnx").open("wb") as file:
        file.truncate(3 * 10**9)  # no block of it is on the disk
    assert said in refused("verify", "right.keras", path)
    assert said in refused("inspect", path)
    if path == "fifo.keras":
        assert said in refused("verify", path, "right.onnx")


def test_the_library_looks_at_files_as_well(model, tmp_path):
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(ValueError, match=r"regular file. Received: .*fifo, a FIFO"):
            verify(model, tmp_path / "fifo")
    with pytest.raises(FileNotFoundError):
        verify(model, tmp_path / "none.onnx")


def graph_of(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g {text}')


def test_sizes_beyond_the_memory(folder):
    """An allocation that can't be had is onnxruntime's error, not the system's."""
    proto = graph_of(
        "(float[N,6] x) => (float y) { s = Constant<value = int64[2] "
        "{1000000, 1000000}>() z = ConstantOfShape(s) y = ReduceSum<keepdims=0>(z) }"
    )
    Path("right.onnx").write_bytes(proto.SerializeToString())
    line = ["verify", "right.keras", "right.onnx", "--batch-sizes", "1"]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 1, result.output
    assert "problem: " in result.stdout
    assert "alloc" in result.stdout
    assert "Traceback" not in result.output
