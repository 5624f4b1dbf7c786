"""The example that the README opens with works on the backend under test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_quickstart_exports_a_model_with_parity(tmp_path):
    command = [sys.executable, "examples/quickstart.py", "--folder", str(tmp_path)]
    run = subprocess.run(
        [*command, "--epochs", "4"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "Parity OK" in run.stdout
    accuracies = [
        float(re.search(rf"{runtime} +([\d.]+)", run.stdout)[1])
        for runtime in ("Keras", "onnxruntime")
    ]
    assert accuracies[0] == accuracies[1] > 0.8
    assert {path.name for path in tmp_path.iterdir()} == {"digits.keras", "digits.onnx"}
