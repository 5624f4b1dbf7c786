"""`keras-acts export` and `verify`: what they write and print, and every exit code."""

from __future__ import annotations

import json
import time

import keras
import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner

from keras_acts import layers
from keras_acts.cli import terminal
from keras_acts.cli.app import app
from support.handmade import classifier, classifier_onnx

pytestmark = pytest.mark.in_turn("what the commands print, whatever the backend")

DONE, FAILED, BAD_INPUT, CANNOT_EXPORT, NOT_RUN = range(5)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def saved_with_lambda(path):
    x = keras.Input((3,))
    keras.Model(x, keras.layers.Lambda(lambda x: x * 2)(x)).save(path)


CUSTOM = """
import keras

@keras.saving.register_keras_serializable("cli_tests")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return keras.ops.multiply(x, 2.0)
"""

UNTRACEABLE = """
import keras

@keras.saving.register_keras_serializable("cli_tests")
class Untraceable(keras.layers.Layer):
    def call(self, x):
        return x * float(keras.ops.convert_to_numpy(x).max())

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with models, ONNX files right and wrong, and modules to import."""
    folder = tmp_path_factory.mktemp("models")
    model = classifier()
    model.save(folder / "model.keras")
    for name, mistake in (("right", {}), ("wrong", {"off": {"bias2": 0.1}})):
        proto = classifier_onnx(model, **mistake)
        (folder / f"{name}.onnx").write_bytes(proto.SerializeToString())
    (folder / "text.onnx").write_text("no model")
    (folder / "broken.keras").write_text("no model")
    (folder / "empty").mkdir()
    saved_with_lambda(folder / "lambda.keras")
    x = keras.Input((4,))
    outputs = layers.Mish()(keras.layers.Dense(3)(x))
    keras.Model(x, outputs).save(folder / "mish.keras")
    np.savez(folder / "own.npz", x=np.ones((2, 6), np.float32))
    np.save(folder / "narrow.npy", np.ones((2, 5), np.float32))
    return folder


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that registers a layer, and save a model with that layer."""

    def write(name: str, source: str):
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        namespace: dict = {}
        exec(source, namespace)
        layer = next(
            value
            for value in namespace.values()
            if isinstance(value, type) and issubclass(value, keras.layers.Layer)
        )
        x = keras.Input((4,))
        keras.Model(x, layer()(x)).save(tmp_path / "model.keras")
        registered = keras.saving.get_registered_name(layer)
        keras.saving.get_custom_objects().pop(registered)
        return tmp_path / "model.keras"

    yield write
    for registered in [
        k for k in keras.saving.get_custom_objects() if "cli_tests" in k
    ]:
        keras.saving.get_custom_objects().pop(registered)


def test_verify_prints_the_table_of_a_right_file(files):
    result = invoke("verify", files / "model.keras", files / "right.onnx")
    assert result.exit_code == DONE, result.output
    assert result.stdout.startswith("parity OK: ")
    assert "probabilities" in result.stdout


def test_verify_leaves_with_1_on_a_wrong_file(files):
    result = invoke("verify", files / "model.keras", files / "wrong.onnx")
    assert result.exit_code == FAILED
    assert "first diverging layer: second (Dense)" in result.stdout


@pytest.mark.parametrize(("file", "code"), [("right", DONE), ("wrong", FAILED)])
def test_verify_as_json_prints_the_report_and_nothing_else(files, file, code):
    result = invoke("verify", files / "model.keras", files / f"{file}.onnx", "--json")
    printed = json.loads(result.stdout)
    assert result.exit_code == printed["exit_code"] == code
    assert printed["report"]["passed"] is (code == DONE)
    assert printed["model"].endswith("model.keras")


def test_verify_reads_its_flags(files):
    wrong = files / "wrong.onnx"
    flags = ["--atol", "0.5", "--rtol", "0.5", "--seed", "9", "--batch-sizes", "2,4"]
    flags += ["--provider", "cpu", "--strict-edges", "--inputs", files / "own.npz"]
    result = invoke("verify", files / "model.keras", wrong, "--json", *flags)
    report = json.loads(result.stdout)["report"]
    assert report["seed"] == 9
    assert report["batch_sizes"] == [2, 4]
    assert report["strict_edges"] is True
    assert "own arrays" in report["cases"]
    assert report["outputs"][0]["tolerance"]["atol"] == 0.5


def test_a_required_provider_that_is_absent_leaves_with_4(files, monkeypatch, tmp_path):
    providers = ["CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    asked = ["--provider", "cpu", "--provider", "cuda"]
    result = invoke("verify", files / "model.keras", files / "right.onnx", *asked)
    assert result.exit_code == NOT_RUN
    assert "not run: CUDAExecutionProvider" in result.stdout
    out = tmp_path / "mish.onnx"
    result = invoke("export", files / "mish.keras", out, *asked, "--json")
    assert result.exit_code == json.loads(result.stdout)["exit_code"] == NOT_RUN
    assert not out.exists()


def test_export_writes_a_file_that_answers_and_says_so(files, tmp_path):
    out = tmp_path / "mish.onnx"
    result = invoke("export", files / "mish.keras", out)
    assert result.exit_code == DONE, result.output
    assert result.stdout.startswith("parity OK: ")
    assert f"wrote {out}" in result.stdout
    assert invoke("verify", files / "mish.keras", out).exit_code == DONE


def test_export_as_json(files, tmp_path):
    out = tmp_path / "mish.onnx"
    flags = ["--opset", "18", "--target", "portable", "--engine", "native", "--json"]
    result = invoke("export", files / "mish.keras", out, *flags)
    printed = json.loads(result.stdout)
    assert result.exit_code == printed["exit_code"] == DONE
    assert printed["bytes_written"] == out.stat().st_size
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    assert session.run(None, {session.get_inputs()[0].name: np.ones((1, 4), "float32")})


def test_export_of_a_model_that_fails_parity_keeps_the_older_file(files, tmp_path):
    out = tmp_path / "mish.onnx"
    out.write_text("older")
    result = invoke("export", files / "mish.keras", out, "--rtol", "0", "--atol", "0")
    assert result.exit_code == FAILED
    assert f"{out} was not written" in result.stdout
    assert out.read_text() == "older"
    assert list(tmp_path.iterdir()) == [out]


def test_an_h5_file_is_a_model(files, tmp_path):
    keras.saving.load_model(files / "mish.keras").save(tmp_path / "mish.h5")
    result = invoke("export", tmp_path / "mish.h5", tmp_path / "mish.onnx")
    assert result.exit_code == DONE, result.output


# Arguments, exit code, and what the one line on stderr says.
REFUSED = {
    "no model there": (
        ["verify", "missing.keras", "right.onnx"],
        BAD_INPUT,
        "that exists. Received: ",
    ),
    "no ONNX file there": (["verify", "model.keras", "no.onnx"], BAD_INPUT, "no.onnx"),
    "no ONNX model": (
        ["verify", "model.keras", "text.onnx"],
        BAD_INPUT,
        "no ONNX model",
    ),
    "no Keras file": (
        ["verify", "broken.keras", "right.onnx"],
        BAD_INPUT,
        "cannot be loaded",
    ),
    "swapped": (
        ["verify", "right.onnx", "model.keras"],
        BAD_INPUT,
        "This is no ONNX model. Received: model.keras",
    ),
    "a folder": (
        ["export", "empty", "out.onnx"],
        BAD_INPUT,
        "SavedModel where it is a folder",
    ),
    "code in the file": (["export", "lambda.keras", "out.onnx"], BAD_INPUT, "--unsafe"),
    "no folder": (
        ["export", "mish.keras", "no/out.onnx"],
        BAD_INPUT,
        "folder that exists",
    ),
    "OUT is no ONNX": (["export", "mish.keras", "out.keras"], BAD_INPUT, "OUT must be"),
    "old opset": (
        ["export", "mish.keras", "o.onnx", "--opset", "5"],
        BAD_INPUT,
        "--opset must be an integer from 17",
    ),
    "bad target": (
        ["export", "mish.keras", "o.onnx", "--target", "gpu"],
        BAD_INPUT,
        "'cpu', 'cuda', 'portable'",
    ),
    "bad dtype": (
        ["export", "mish.keras", "o.onnx", "--dtype", "f16"],
        BAD_INPUT,
        "--dtype must be one of",
    ),
    "bad engine": (
        ["export", "mish.keras", "o.onnx", "--engine", "x"],
        BAD_INPUT,
        "--engine must be one of",
    ),
    "a signature of a Keras model": (
        ["export", "mish.keras", "o.onnx", "--signature", "serve"],
        BAD_INPUT,
        "--signature is for SavedModels",
    ),
    "unknown provider": (
        ["export", "mish.keras", "o.onnx", "--provider", "cudda"],
        BAD_INPUT,
        "CPUExecutionProvider",
    ),
    "bad batch sizes": (
        ["verify", "model.keras", "right.onnx", "--batch-sizes", "1;2"],
        BAD_INPUT,
        "--batch-sizes",
    ),
    "bad tolerance": (
        ["verify", "model.keras", "right.onnx", "--atol", "-1"],
        BAD_INPUT,
        "--atol must be a finite number",
    ),
    "no arrays there": (
        ["verify", "model.keras", "right.onnx", "--inputs", "no.npy"],
        BAD_INPUT,
        "no.npy",
    ),
    "arrays that do not fit": (
        ["verify", "model.keras", "right.onnx", "--inputs", "narrow.npy"],
        BAD_INPUT,
        "`inputs` must fit",
    ),
    "no such module": (
        ["verify", "model.keras", "right.onnx", "--import", "no_such_module"],
        BAD_INPUT,
        "Received: no_such_module",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_one_line(files, monkeypatch, name):
    arguments, code, message = REFUSED[name]
    monkeypatch.chdir(files)
    before = sorted(files.rglob("*"))
    result = invoke(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("keras-acts: error: ")
    assert message in line
    assert sorted(files.rglob("*")) == before
    printed = json.loads(invoke(*arguments, "--json").stdout)
    assert printed["exit_code"] == code
    assert printed["error"]["message"]


def test_unsafe_allows_code_in_the_file(files, tmp_path):
    out = tmp_path / "lambda.onnx"
    result = invoke("export", files / "lambda.keras", out, "--unsafe")
    assert result.exit_code == DONE, result.output


def test_an_unknown_class_is_found_by_import(module, tmp_path):
    path = module("cli_custom", CUSTOM)
    out = tmp_path / "custom.onnx"
    result = invoke("export", path, out)
    assert result.exit_code == BAD_INPUT
    assert "--import MODULE" in result.stderr
    result = invoke("export", path, out, "--import", "cli_custom")
    assert result.exit_code == DONE, result.output


def test_what_has_no_way_into_onnx_leaves_with_3(module, tmp_path):
    path = module("cli_untraceable", UNTRACEABLE)
    out = tmp_path / "untraceable.onnx"
    result = invoke("export", path, out, "--import", "cli_untraceable", "--json")
    printed = json.loads(result.stdout)
    assert result.exit_code == printed["exit_code"] == CANNOT_EXPORT, result.output
    assert printed["error"]["type"] == "UnsupportedOperationError"
    assert not out.exists()


def test_progress_appears_on_stderr_when_work_takes_long(monkeypatch, capsys):
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    with terminal.progress("Working"):
        time.sleep(0.3)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "Working\n"


def test_progress_is_silent_when_work_is_quick(capsys):
    with terminal.progress("Working"):
        pass
    assert capsys.readouterr().err == ""
