"""The flags of `export` that describe inputs, names and metadata; those of reports."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import keras
import onnx
import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app
from support.handmade import classifier, classifier_onnx

pytestmark = pytest.mark.runs_once("options are the same on every backend")

BAD_INPUT = 2


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a model of an image, and one of indices and numbers."""
    folder = tmp_path_factory.mktemp("saved")
    image = keras.Input((None, None, 3), name="image")
    y = keras.layers.Conv2D(2, 3, name="conv")(image)
    keras.Model(image, y).save(folder / "image.keras")
    ids = keras.Input((None,), dtype="int32", name="ids")
    scale = keras.Input((4,), name="scale")
    embedded = keras.layers.Embedding(9, 4)(ids)
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(embedded)
    product = keras.layers.Multiply(name="product")([mean, scale])
    keras.Model([ids, scale], [product, mean]).save(folder / "two.keras")
    model = classifier()
    model.save(folder / "right.keras")
    for name, mistake in (("right", {}), ("wrong", {"off": {"bias2": 0.1}})):
        proto = classifier_onnx(model, **mistake)
        (folder / f"{name}.onnx").write_bytes(proto.SerializeToString())
    return folder


def exported(saved, tmp_path, model: str, *flags: str) -> onnx.ModelProto:
    out = tmp_path / "model.onnx"
    line = ["export", str(saved / f"{model}.keras"), str(out), *flags]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.output
    return onnx.load(out)


def ports(values: Any) -> dict[str, list[Any]]:
    return {
        x.name: [d.dim_value or d.dim_param for d in x.type.tensor_type.shape.dim]
        for x in values
    }


IMAGE = {"image": ["batch", "image_1", "image_2", 3]}
INPUTS = {
    "none": ("image", [], IMAGE),
    "a batch": ("image", ["--batch", "2"], {"image": [2, "image_1", "image_2", 3]}),
    "sizes": (
        "image",
        ["--input-signature", "None,32,?,3"],
        {"image": ["batch", 32, "image_2", 3]},
    ),
    "sizes and a dtype": (
        "image",
        ["--input-signature", "1,32,24,3:float32"],
        {"image": [1, 32, 24, 3]},
    ),
    "a new name": ("image", ["--input-names", "picture"], {"picture": ...}),
    "an old and a new name": ("image", ["--input-names", "image=a"], {"a": ...}),
    "channels first": (
        "image",
        ["--inputs-as-nchw", "image"],
        {"image": ["batch", 3, "image_1", "image_2"]},
    ),
    "two inputs in order": (
        "two",
        ["--input-signature", "5,7:int32", "--input-signature", "5,4"],
        {"ids": [5, 7], "scale": [5, 4]},
    ),
    "one of two renamed": (
        "two",
        ["--input-names", "scale=factor"],
        {"ids": ..., "factor": ...},
    ),
    "a batch of two inputs": (
        "two",
        ["--batch", "3"],
        {"ids": [3, "ids_1"], "scale": [3, 4]},
    ),
}
"""The model, the flags, and the inputs of the file."""


@pytest.mark.parametrize("name", INPUTS)
def test_inputs(name, saved, tmp_path):
    model, flags, expected = INPUTS[name]
    found = ports(exported(saved, tmp_path, model, *flags).graph.input)
    assert list(found) == list(expected)
    assert all(e is ... or found[k] == e for k, e in expected.items()), found


def test_outputs_and_metadata(saved, tmp_path):
    flags = ["--output-names", "product=a,mean=b", "--metadata", "by=me = you"]
    proto = exported(saved, tmp_path, "two", *flags, "--metadata", "note=")
    assert list(ports(proto.graph.output)) == ["a", "b"]
    metadata = {one.key: one.value for one in proto.metadata_props}
    assert (metadata["by"], metadata["note"]) == ("me = you", "")
    assert metadata["keras_acts_verdict"] == "passed"


def test_without_a_comparison(saved, tmp_path):
    proto = exported(saved, tmp_path, "image", "--no-verify")
    assert "keras_acts_verdict" not in {one.key for one in proto.metadata_props}


REFUSED = {
    "--batch must be an integer, 1 or above": ["--batch", "0"],
    "--batch must be left out where --input-signature": [
        *("--batch", "2", "--input-signature", "1,2"),
    ],
    "--input-signature must be sizes with commas": ["--input-signature", "1;2"],
    "--input-signature must be sizes": ["--input-signature", "1,2:float31"],
    "--input-signature must name all inputs or none": [
        *("--input-signature", "1,2", "--input-signature", "x=1,2"),
    ],
    "`input_signature` must fit": ["--input-signature", "None,4"],
    "--input-names must be names with commas": ["--input-names", "a,,b"],
    "--output-names must be names with commas, or old=new": [
        *("--output-names", "a=b,c"),
    ],
    "`input_names` must give one name for each": ["--input-names", "nothing=b"],
    "--inputs-as-nchw must be names with commas": ["--inputs-as-nchw", ","],
    "--metadata must be KEY=TEXT": ["--metadata", "text"],
    "`metadata` must have names of your own": ["--metadata", "keras_acts_digest=x"],
    "--report must be left out where nothing is compared": [
        *("--no-verify", "--report", "a.xml"),
    ],
}
"""The beginning of the sentence, and the flags."""


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_refused(sentence, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = ["export", str(saved / "image.keras"), "model.onnx", *REFUSED[sentence]]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == BAD_INPUT, result.output
    (error,) = result.stderr.strip().splitlines()
    assert error.startswith(f"keras-acts: error: {sentence}")
    assert "Received: " in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("file", "code"), [("right", 0), ("wrong", 1)])
def test_reports_beside_the_text(file, code, saved, tmp_path):
    names = [tmp_path / f"report{suffix}" for suffix in (".html", ".json", ".xml")]
    flags = [text for name in names for text in ("--report", str(name))]
    line = ["verify", str(saved / "right.keras"), str(saved / f"{file}.onnx"), *flags]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == code, result.output
    assert [x for x in result.stdout.splitlines() if x.startswith("wrote ")] == [
        f"wrote {name}" for name in names
    ]
    page, data, suite = (name.read_text("utf-8") for name in names)
    assert json.loads(data)["passed"] is (code == 0)
    assert ElementTree.fromstring(suite).get("failures") == str(code)
    assert page.count("<svg") == 2  # of the outputs, and of the layers
    layers = page.partition("Error of each layer")[2].partition("</svg>")[0]
    assert "second (Dense)" in layers
    assert ("#b00020" in layers) is (code == 1)


@pytest.mark.parametrize(("file", "code"), [("right", 0), ("wrong", 1)])
def test_two_onnx_files(file, code, saved):
    line = ["verify", str(saved / "right.onnx"), str(saved / f"{file}.onnx"), "--json"]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)["report"]["passed"] is (code == 0)


def test_recorded_answers_need_no_keras(saved, tmp_path):
    """They are compared in a process where Keras can't be imported."""
    import os
    import subprocess
    import sys

    from support.process import ROOT

    recorded = tmp_path / "answers.npz"
    line = ["verify", str(saved / "right.keras"), str(saved / "right.onnx")]
    result = CliRunner().invoke(app, [*line, "--record", str(recorded)])
    assert result.exit_code == 0, result.output
    assert f"wrote {recorded}" in result.stdout
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['keras'] = None"
    )
    (tmp_path / "keras-acts").write_text("from keras_acts.cli import main\nmain()\n")
    for file, code in (("right", 0), ("wrong", 1)):
        done = subprocess.run(
            [sys.executable, "keras-acts", "verify", recorded, saved / f"{file}.onnx"],
            env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "probabilities" in done.stdout


def test_what_was_not_recorded_is_refused(saved, tmp_path):
    import numpy as np

    np.savez(tmp_path / "own.npz", x=np.ones(3))
    line = ["verify", str(tmp_path / "own.npz"), str(saved / "right.onnx")]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == BAD_INPUT, result.output
    assert "Recorded answers must be a .npz file" in result.stderr
