"""The examples in JavaScript, really run: `.ci/web` has what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def digits() -> Path:
    """The folder with digits.onnx, and in digits.npz what Keras answers."""
    folder = os.environ.get("KERAS_ACTS_DIGITS")
    assert folder, "run `.ci/web`, which trains the model"
    return Path(folder)


@pytest.fixture(scope="session")
def recorded(digits) -> dict[str, np.ndarray]:
    return dict(np.load(digits / "digits.npz"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Copy an example and install what its package.json names."""

    def install(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / name
        shutil.copytree(ROOT / "examples" / name, folder)
        # onnxruntime-node's script would fetch CUDA; what the CPU needs is inside.
        flags = ["--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(["npm", "install", *flags], cwd=folder, check=True)
        return folder

    return install
