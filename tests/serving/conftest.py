"""Tests in an environment that has KServe's SDK and no backend of Keras.

`.ci/serve` makes both that environment and the models, with Keras's answers, in
another. `tests/conftest.py` leaves this folder out: there Keras is, and no SDK.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.services import Service, serving


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the models that Keras made, and of its answers."""
    folder = os.environ.get("KERAS_ACTS_SERVED_MODELS")
    assert folder, "run `.ci/serve`, which makes the models where Keras is"
    return Path(folder)


@pytest.fixture(scope="session")
def answers(models: Path) -> dict[str, dict[str, np.ndarray]]:
    """Keras's answers of each model, beside the inputs."""
    return {path.stem: dict(np.load(path)) for path in models.glob("*.npz")}


@pytest.fixture(scope="session")
def service(
    models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service of both models, as it is started without flags."""
    log = tmp_path_factory.mktemp("service") / "log"
    files = (models / "scorer.onnx", models / "reader.onnx")
    with serving(log, *files) as running:
        yield running


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    """A folder with one model, which a test may change."""
    made = tmp_path / "models"
    made.mkdir()
    shutil.copy(models / "scorer.onnx", made)
    return made
