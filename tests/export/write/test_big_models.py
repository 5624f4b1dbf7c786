"""A model above 2 GB: its weights beside it, written tensor by tensor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import keras
import onnx
import pytest

from support.process import python

pytestmark = pytest.mark.heavy

GIGABYTE = 10**9
ERROR = 1e-5
"""Two implementations in float32, a part of the largest output."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that doesn't outlive the test: the files have gigabytes."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_an_export_takes_little_memory(folder: Path) -> None:
    path = folder / "big.onnx"
    backend = keras.backend.backend()
    done = python("tests/support/big_model.py", str(path), backend=backend)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    assert measured["weights"] >= 2.5 * GIGABYTE
    assert measured["largest"] >= GIGABYTE
    assert measured["rise"] <= 0.3 * measured["weights"] + 0.3 * GIGABYTE
    assert measured["error"] <= ERROR

    (data,) = set(folder.iterdir()) - {path}
    assert data.name.startswith("big.onnx.")
    assert path.stat().st_size < 2**20
    assert data.stat().st_size == pytest.approx(measured["weights"], rel=0.01)
    proto = onnx.load(path, load_external_data=False)
    large = [x for x in proto.graph.initializer if len(x.dims) > 1]
    assert {x.data_location for x in large} == {onnx.TensorProto.EXTERNAL}
