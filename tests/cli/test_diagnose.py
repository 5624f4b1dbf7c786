"""`keras-acts diagnose`: what it prints and writes of a saved model."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_acts import diagnose
from keras_acts.cli.app import app
from support.networks import blobs, stack

pytestmark = pytest.mark.in_turn("what it says is `diagnose`'s")

TRAINS = keras.backend.backend() in ("torch", "jax", "tensorflow")
X, Y = blobs(0, samples=64)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diagnose")
    keras.utils.set_random_seed(0)
    model = stack(6, "sigmoid")
    model.optimizer.build(model.trainable_variables)
    model.save(folder / "model.keras")
    np.savez(folder / "both.npz", x=X, y=Y)
    np.savez(folder / "x.npz", x=X)
    np.save(folder / "x.npy", X)
    np.savez(folder / "narrow.npz", x=X[:, :3])
    np.savez(folder / "twice.npz", x=X, z=X, y=Y)
    np.savez(folder / "weights.npz", x=X, sample_weight=Y)
    np.savez(folder / "objects.npz", x=np.array([{}, None], dtype=object))
    return folder


def run(folder, *arguments, model="model.keras"):
    given = [str(folder / x) if x.endswith((".npz", ".npy")) else x for x in arguments]
    return CliRunner().invoke(app, ["diagnose", str(folder / model), *given])


def test_json_is_what_diagnose_says(files):
    done = run(files, "both.npz", "--json", *(() if TRAINS else ("--no-gradients",)))
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)["report"]
    model = keras.saving.load_model(files / "model.keras", compile=TRAINS)
    assert report == json.loads(diagnose(model, X, Y).to_json())
    assert report["healthy"] is not TRAINS
    assert len(report["layers"]) == (7 if TRAINS else 0)


def test_text_page_and_picture(files, tmp_path):
    page, picture = tmp_path / "found.html", tmp_path / "found.svg"
    done = run(files, "x.npy", "--html", str(page), "--heatmap", str(picture))
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Diagnosis: healthy")
    assert lines[-2:] == [f"wrote {page}", f"wrote {picture}"]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "<svg" in picture.read_text(encoding="utf-8")


@pytest.mark.skipif(not TRAINS, reason="this backend has no gradients")
def test_strict_and_a_loss_of_its_own(files):
    done = run(
        files, "both.npz", "--strict", "--loss", "sparse_categorical_crossentropy"
    )
    assert (done.exit_code, "vanishing gradient" in done.stdout) == (1, True)
    done = run(files, "both.npz", "--strict", "--no-gradients", "--steps", "1")
    assert (done.exit_code, "32 samples" in done.stdout) == (0, True)


def unregistered(y, p):
    return keras.ops.mean(p)


@pytest.mark.skipif(not TRAINS, reason="this backend does not compile losses")
def test_a_loss_that_is_not_registered_is_left_out(files, tmp_path):
    model = stack(1, "relu")
    model.compile("sgd", unregistered)
    model.save(tmp_path / "model.keras")
    done = run(files, "both.npz", "--json", model=tmp_path / "model.keras")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["report"]["layers"] == []


WRONG = {
    "narrow": (("narrow.npz",), "must be what MODEL takes"),
    "x twice": (("twice.npz",), "must have the inputs as x"),
    "no y": (("weights.npz",), "must have y where it has sample_weight"),
    "objects": (("objects.npz",), "must be a .npy or .npz file"),
    "missing": (("missing.npz",), "must be a file that exists"),
    "loss": (("both.npz", "--loss", "nothing"), "must be a loss of Keras"),
    "batch size": (("x.npz", "--batch-size", "0"), "--batch-size must be"),
    "steps": (("x.npz", "--steps", "-1"), "--steps must be"),
    "page": (("x.npz", "--html", "found.pdf"), "--html must be"),
    "picture": (("x.npz", "--heatmap", "nowhere/found.png"), "--heatmap must be"),
    "gradients": (("x.npz", "--gradients"), "gradients"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_line(files, name):
    arguments, message = WRONG[name]
    done = run(files, *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("keras-acts: error: ")
    assert "\x1b" not in done.stderr


def test_the_model_is_no_archive_of_arrays(files):
    done = CliRunner().invoke(
        app, ["diagnose", str(files / "model.keras"), str(files / "model.keras")]
    )
    assert (done.exit_code, "no array" in done.stderr) == (2, True)
    done = CliRunner().invoke(app, ["diagnose", str(files), str(files / "x.npz")])
    assert (done.exit_code, "a folder" in done.stderr) == (2, True)
