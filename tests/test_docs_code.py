"""Each block of code in the documentation runs, or stands here with the reason."""

from __future__ import annotations

import shlex
import shutil

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_acts import layers
from keras_acts.cli.app import app
from keras_acts.export import export_generator
from support import pages, saved_models
from support.causal_lm import TinyCausalLM
from support.keras2_models import FOLDER

BLOCKS = list(pages.blocks())
PYTHON_PAGES = sorted({b.page for b in BLOCKS if b.language == "python"})


def _of_images():
    images = keras.Input((None, None, 3), name="image")
    return keras.Model(images, keras.layers.Conv2D(2, 3, name="conv")(images))


def _of_scores():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])


def _of_words():
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = keras.Input((None,), dtype="bool", name="mask")
    words = keras.layers.Embedding(9, 4)(ids)
    kept = keras.ops.cast(mask, "float32")[..., None]
    return keras.Model({"ids": ids, "mask": mask}, words * kept)


MODELS = {
    "None,224,224,3": _of_images,
    "ids=None,128": _of_words,
    "dense=score": _of_scores,
    "--inputs-as-nchw image": _of_images,
}
"""The models of the commands whose arguments name parts of one, by these."""

NO_DEVICE = 4
"""The exit code where a provider asked for did not run."""

NOT_CODE = {
    "mermaid": "a drawing",
    "pycon": "made of docstrings, which test_doctests.py runs",
    "text": "not code",
}
NOT_RUN = {
    "keras_hub": "needs KerasHub and its weights: `pytest --thirdparty` has its models",
    "cp -r": "copies a folder: tests/export/generation does, and runs it",
    "pip install -e": "installs the checkout: `.ci/run` does, in a fresh environment",
    "python -m fuzzing": "draws a hundred models: `.ci/nightly` runs it",
    "keras-acts serve": "runs until it is stopped: `.ci/serve` starts it",
    "examples/ray": "runs on a cluster of Ray: `.ci/cluster` starts one",
    "DeviceMesh": "needs eight devices of JAX: tests/parallel trains and exports there",
    "npm install": "needs Node.js: `.ci/web` runs both examples",
    "export.symbolic_shape": "needs the JAX backend: tests/formats writes such files",
    '@converts("numpy.Flip")': "has such a converter: a second one is refused",
}
"""Phrases of blocks that can't run in a test, and why."""

SAVED_MODEL = "load_saved_model("
SAVED_MODEL_FOLDER = "saved_model_folder"

on_one = pytest.mark.runs_once("`.ci/docs` runs it on JAX")

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="writes a TensorFlow SavedModel"
)


def _is_left_out(block):
    return block.language in NOT_CODE or any(p in block.code for p in NOT_RUN)


class MyLayer(keras.layers.Layer):
    """What the pages call so: it has a factor."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer="ones")

    def call(self, inputs):
        return inputs * self.factor


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with the files that the pages take for granted."""
    monkeypatch.chdir(tmp_path)
    net = [keras.Input((4,)), keras.layers.Dense(3), layers.Mish()]
    keras.Sequential(net).save("model.keras")
    shutil.copy(FOLDER / "dense.h5", "of_2021.h5")
    return tmp_path


def _run(block, names):
    exec(compile(block.code, str(block), "exec"), names)


@on_one
@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_python_runs_from_the_top_of_a_page_down(page, folder):
    names = {"MyLayer": MyLayer}
    for block in BLOCKS:
        is_here = block.page == page and block.language == "python"
        if is_here and SAVED_MODEL not in block.code and not _is_left_out(block):
            _run(block, names)
    if page == "README.md":
        assert names["report"].passed
        assert names["probabilities"].shape == (4, 10)
        model = keras.Sequential([keras.Input((4,)), MyLayer()])
        assert [node.op_type for node in names["to_onnx"](model).graph.node] == ["Mul"]


@needs_tensorflow
@pytest.mark.parametrize("block", [b for b in BLOCKS if SAVED_MODEL in b.code], ids=str)
def test_saved_models_are_loaded(block, folder):
    saved_models.write_all(folder)
    (folder / "plain").rename(folder / "saved")
    _run(block, {})
    assert (folder / "model.onnx").exists()


COMMANDS = [
    pytest.param(
        line,
        marks=[needs_tensorflow if SAVED_MODEL_FOLDER in line else on_one],
        id=f"{block}-{line}",
    )
    for block in BLOCKS
    if block.language == "bash" and not _is_left_out(block)
    for line in block.code.splitlines()
]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_run(line, folder):
    if SAVED_MODEL_FOLDER in line:
        saved_models.write_all(folder)
        (folder / "plain").rename(folder / SAVED_MODEL_FOLDER)
    for phrase, model in MODELS.items():
        if phrase in line:
            model().save("model.keras")
    of_files = ("verify", "inspect", "package", "quantize")
    if any(f" {name} " in line for name in of_files):
        CliRunner().invoke(app, ["export", "model.keras", "model.onnx"])
    if " generate " in line:
        export_generator(TinyCausalLM(), "tiny")
    if " verify answers.npz " in line:
        recorded = ["verify", "model.keras", "model.onnx", "--record", "answers.npz"]
        assert CliRunner().invoke(app, recorded).exit_code == 0
    if " diagnose " in line:
        taken = keras.models.load_model("model.keras").input_shape[1:]
        np.savez("data.npz", x=np.ones((64, *taken), "float32"))
    if " --calibration " in line:
        taken = keras.models.load_model("model.keras").input_shape[1:]
        data = np.random.default_rng(0).normal(size=(400, *taken))
        np.save("train.npy", data.astype("float32"))
    program, *arguments = shlex.split(line, comments=True)
    assert program == "keras-acts"
    result = CliRunner().invoke(app, arguments)
    allowed = {0, NO_DEVICE} if "--provider cuda" in line else {0}
    assert result.exit_code in allowed, result.output


def test_every_block_runs_or_has_a_reason():
    assert {block.page for block in BLOCKS} >= {"README.md", "docs/export.md"}
    run = {"python", "bash"}
    unknown = [b for b in BLOCKS if b.language not in run and not _is_left_out(b)]
    assert not [str(block) for block in unknown]
    unused = [p for p in NOT_RUN if not any(p in block.code for block in BLOCKS)]
    assert not unused


@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for link in pages.links(path):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue  # no test depends on another's server
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), link
        assert not anchor or anchor in pages.anchors(there), link
