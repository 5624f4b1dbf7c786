"""`keras-acts export` and `verify` of SavedModels, and of raw TensorFlow calls."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import onnx
import pytest
from typer.testing import CliRunner

from keras_acts.cli import exporting
from keras_acts.cli.app import app
from keras_acts.export import saved_model
from support import raw_tensorflow, saved_models

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="the library's tests show SavedModels beside another backend",
)
DONE, _, BAD_INPUT, CANNOT_EXPORT, _ = range(5)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("saved")
    saved_models.write_all(made)
    return made


def test_export_and_verify(folder, tmp_path):
    out = tmp_path / "model.onnx"
    result = invoke("export", folder / "plain", out, "--opset", "17")
    assert result.exit_code == DONE, result.output
    assert "engine tf2onnx" in result.stdout
    assert onnx.load(out).opset_import[0].version == 17
    result = invoke("verify", folder / "plain", out, "--json")
    printed = json.loads(result.stdout)
    assert result.exit_code == DONE, result.output
    assert printed["report"]["engine"] == "tf2onnx"


def test_a_signature(folder, tmp_path):
    out = tmp_path / "model.onnx"
    result = invoke("export", folder / "plain", out, "--signature", "lookup")
    assert result.exit_code == DONE, result.output
    assert [x.name for x in onnx.load(out).graph.output] == ["found"]


def test_all_signatures(folder, tmp_path):
    names = saved_model.saved_model_signatures(folder / "plain")
    assert names == ("lookup", "serving_default")
    result = invoke("export", folder / "plain", tmp_path / "files", "--all-signatures")
    assert result.exit_code == DONE, result.output
    written = {one.stem: onnx.load(one) for one in (tmp_path / "files").iterdir()}
    assert set(written) == set(names)
    assert [x.name for x in written["lookup"].graph.output] == ["found"]
    for name in names:
        flags = ("--signature", name, "--json")
        file = tmp_path / "files" / f"{name}.onnx"
        verified = invoke("verify", folder / "plain", file, *flags)
        assert json.loads(verified.stdout)["report"]["passed"], name


def test_one_of_several_signatures_is_refused(folder, tmp_path):
    out = tmp_path / "files"
    result = invoke("export", folder / "mixed", out, "--all-signatures", "--json")
    assert result.exit_code == CANNOT_EXPORT, result.output
    printed = json.loads(result.stdout)["signatures"]
    files = {name: Path(one["onnx"]).name for name, one in printed.items()}
    assert files == {"a/b": "a_b.onnx", "a_b": "a_b_2.onnx", "text": "text.onnx"}
    assert sorted(one.name for one in out.iterdir()) == ["a_b.onnx", "a_b_2.onnx"]
    assert printed["text"]["bytes_written"] is None
    assert "StringToHashBucketFast" in printed["text"]["error"]["message"]


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["serve", "lookup"], ["serve", "lookup"]),
        (["a/b", "a_b", "a:b"], ["a_b", "a_b_2", "a_b_3"]),
        (["Serve", "serve"], ["Serve", "serve_2"]),
        (["a_2", "a", "A"], ["a_2", "a", "A_3"]),
        (["..", ""], ["signature", "signature_2"]),
    ],
)
def test_each_signature_has_a_file_of_its_own(names, files):
    assert list(exporting.file_names(names).values()) == [f"{x}.onnx" for x in files]


@pytest.mark.parametrize(
    ("model", "flags", "message"),
    [
        ("plain", ["--signature", "lookup"], "--signature must be left out"),
        ("plain", ["--report", "a.html"], "--report must be left out"),
        ("absent.keras", [], "--all-signatures is for SavedModels"),
    ],
)
def test_all_signatures_are_refused(model, flags, message, folder, tmp_path):
    (tmp_path / "absent.keras").write_text("no folder")
    where = folder if model == "plain" else tmp_path
    result = invoke("export", where / model, tmp_path / "o", "--all-signatures", *flags)
    assert result.exit_code == BAD_INPUT, result.output
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--signature", "other"], BAD_INPUT, "'serving_default', 'lookup'"),
        (["--engine", "native"], CANNOT_EXPORT, "needs the engine 'tf2onnx'"),
        (["--opset", "20"], CANNOT_EXPORT, "opsets up to 18"),
        (["--dtype", "float16"], CANNOT_EXPORT, "`dtype` is for the native engine"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_what_is_refused(flags, code, message, folder, tmp_path):
    result = invoke("export", folder / "plain", tmp_path / "model.onnx", *flags)
    assert result.exit_code == code
    (line,) = result.stderr.strip().splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())


def test_a_broken_saved_model(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"no model")
    result = invoke("export", tmp_path / "saved", tmp_path / "model.onnx")
    assert result.exit_code == BAD_INPUT
    (line,) = result.stderr.strip().splitlines()
    assert "can't be loaded" in line


@pytest.mark.parametrize("command", ["export", "verify"])
def test_without_tensorflow(command, folder, tmp_path, monkeypatch):
    out = tmp_path / "model.onnx"
    out.write_bytes(
        onnx.ModelProto(graph={"output": [{"name": "y"}]}).SerializeToString()
    )
    monkeypatch.setattr(saved_model.importlib.util, "find_spec", lambda name: None)
    result = invoke(command, folder / "plain", out)
    assert result.exit_code == CANNOT_EXPORT
    assert 'pip install "keras-acts[tensorflow]"' in result.stderr


def test_raw_calls_warn_in_one_line(tmp_path):
    keras.saving.register_keras_serializable("cli_tests")(raw_tensorflow.Raw)
    raw_tensorflow.model().save(tmp_path / "model.keras")
    result = invoke("export", tmp_path / "model.keras", tmp_path / "model.onnx")
    assert result.exit_code == DONE, result.output
    (line,) = [x for x in result.stderr.splitlines() if x.startswith("keras-acts: ")]
    assert line.startswith("keras-acts: warning: Layers that call the backend")
    assert "m/raw (tf2onnx" in line
