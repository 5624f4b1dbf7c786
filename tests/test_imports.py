"""What a fresh process has loaded: as little as can be, and no other backend."""

from __future__ import annotations

import json

import keras
import pytest

from support.process import python

HEAVY = {"onnx", "onnx_ir", "onnxruntime", "matplotlib", "typer", "tf2onnx"}
BACKENDS = {"tensorflow", "jax", "torch"}
STATEMENTS = ("import keras", "import keras_acts", "import keras_acts.export")
"""What one process runs, in this order."""

LISTING = "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The top-level packages that a process has after each statement."""
    code = "\n".join(f"{one}; import json, sys; {LISTING}" for one in STATEMENTS)
    done = python("-c", code, backend=keras.backend.backend())
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[-len(STATEMENTS) :]
    return dict(zip(STATEMENTS, map(set, map(json.loads, lines)), strict=True))


def test_import_is_light(loaded: dict[str, set[str]]) -> None:
    with_keras, ours = loaded["import keras"], loaded["import keras_acts"]
    assert not (ours - with_keras) & HEAVY  # Keras has matplotlib where it can
    assert not (ours - with_keras) & (BACKENDS - {keras.backend.backend()})


def test_export_loads_onnx_but_not_onnxruntime(loaded: dict[str, set[str]]) -> None:
    with_keras = loaded["import keras"]
    with_export = loaded["import keras_acts.export"] - with_keras
    assert "onnx_ir" in with_export
    assert not with_export & {"onnxruntime", "tf2onnx", "matplotlib", "typer"}
