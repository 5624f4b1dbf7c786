"""`keras-acts suggest` and `keras-acts check`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest
from typer.testing import CliRunner

from keras_acts import check, suggest
from keras_acts.cli.app import app
from keras_acts.cli.compiled import saved_loss

pytestmark = pytest.mark.runs_once("the same on each backend")
L = keras.layers


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout, done.stderr


def test_suggest_is_the_call() -> None:
    code, out, _ = run("suggest", "--network", "cnn", "--constraint", "speed,mobile")
    found = suggest(network="cnn", constraint=["speed", "mobile"])
    assert (code, out) == (0, f"{found}\n")
    flags = ("--task", "binary", "--role", "output", "--depth", "50", "--json")
    code, out, _ = run("suggest", *flags)
    assert code == 0
    assert (
        json.loads(out) == suggest(task="binary", role="output", depth="50").to_dict()
    )


def test_a_typo_is_answered_with_the_choices() -> None:
    code, out, error = run("suggest", "--constraint", "sped")
    assert (code, out) == (2, "")
    assert "Did you mean 'speed'?" in error
    assert error.count("\n") == 1


@pytest.fixture(scope="module", params=[".keras", ".h5"])
def file(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Path:
    model = keras.Sequential(
        [
            L.Input((8,)),
            L.Dense(8, activation="relu", name="first"),
            L.Dense(1, activation="sigmoid", name="last"),
        ]
    )
    model.compile(optimizer="adam", loss="mse")
    path = tmp_path_factory.mktemp("models") / f"model{request.param}"
    model.save(path)
    return path


def test_check_knows_the_loss_that_was_compiled(file: Path) -> None:
    code, out, _ = run("check", str(file))
    assert code == 0
    assert "squared_error_on_probabilities" in out
    code, out, _ = run("check", str(file), "--loss", "binary_crossentropy", "--strict")
    assert code == 0
    assert "0 warnings" in out


def test_check_strictly_and_as_data(file: Path) -> None:
    code, out, _ = run("check", str(file), "--strict", "--json")
    data = json.loads(out)
    assert code == data["exit_code"] == 1
    assert [one["path"] for one in data["findings"]] == ["last"]


def test_check_names_a_loss_with_a_typo(file: Path) -> None:
    code, _, error = run("check", str(file), "--loss", "mes")
    assert code == 2
    assert "`loss` must be a loss of Keras. Did you mean" in error


def own_loss(y: Any, p: Any) -> Any:
    return keras.ops.mean(keras.ops.square(y - p))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, []),
        (own_loss, []),
        (keras.losses.MeanSquaredError(), ["squared_error_on_probabilities"]),
        (keras.losses.BinaryCrossentropy(from_logits=True), ["logits_twice"]),
        (["mse"], ["squared_error_on_probabilities"]),
    ],
    ids=["none", "one's own", "an instance", "with arguments", "a list"],
)
def test_losses_of_files(given: Any, found: list[str], tmp_path: Path) -> None:
    model = keras.Sequential([L.Input((8,)), L.Dense(1, activation="sigmoid")])
    if given is not None:
        model.compile(loss=given)
    model.save(tmp_path / "model.keras")
    loss = saved_loss(tmp_path / "model.keras")
    assert [one.rule for one in check(model, loss=loss)] == found


def test_a_saved_model_has_no_layers_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    code, _, error = run("check", str(tmp_path))
    assert code == 2
    assert "a SavedModel has no layers to look at" in error
