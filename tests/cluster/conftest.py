"""Tests on a cluster of Ray that runs here, in an environment without any backend.

`.ci/cluster` makes both that environment and the models, with Keras's answers, in
another. `tests/conftest.py` leaves this folder out: there Keras is, and no Ray.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.clusters import Cluster, running


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the models that Keras made, and of its answers."""
    folder = os.environ.get("KERAS_ACTS_SERVED_MODELS")
    assert folder, "run `.ci/cluster`, which makes the models where Keras is"
    return Path(folder)


@pytest.fixture(scope="session")
def answers(models: Path) -> dict[str, dict[str, np.ndarray]]:
    """Keras's answers of each model, beside the inputs."""
    return {path.stem: dict(np.load(path)) for path in models.glob("*.npz")}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of one machine with two cores."""
    with running(cores=2) as cluster:
        yield cluster
