"""The same weights give the same bytes, on each backend and in each process."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import pytest

from keras_acts.export import to_onnx
from support import same_bytes
from support.backends import BACKENDS, is_installed
from support.process import python


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    same_bytes.save_all(folder)
    return folder


def in_a_process(backend: str, folder: Path) -> dict[str, str]:
    done = python("tests/support/same_bytes.py", backend, str(folder), backend=backend)
    assert done.returncode == 0, done.stderr
    digests: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return digests


ON_TORCH = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="the run on torch covers all of them"
)


@pytest.mark.slow
@ON_TORCH
def test_every_backend_and_process_writes_the_same_bytes(saved: Path) -> None:
    here = same_bytes.digests(saved)
    backends = [*BACKENDS, "numpy", "jax"]
    with ThreadPoolExecutor(max_workers=2) as pool:
        there = list(pool.map(lambda backend: in_a_process(backend, saved), backends))
    assert set(here) == set(same_bytes.MODELS)
    for backend, digests in zip(backends, there, strict=True):
        assert digests == here, backend


@pytest.mark.slow
@ON_TORCH
@pytest.mark.skipif(
    not is_installed("openvino"),
    reason="openvino is not installed, nor does the test extra ask it",
)
def test_openvino_writes_the_same_bytes(saved: Path) -> None:
    assert in_a_process("openvino", saved) == same_bytes.digests(saved)


@pytest.mark.slow
def test_one_process_writes_the_same_bytes_again(saved: Path) -> None:
    assert same_bytes.digests(saved) == same_bytes.digests(saved)


@pytest.mark.parametrize("name", same_bytes.MODELS)
def test_other_weights_give_other_bytes(name: str, saved: Path) -> None:
    model = keras.models.load_model(saved / f"{name}.keras")
    before = to_onnx(model).SerializeToString()
    weight = model.trainable_variables[0]
    weight.assign(weight + 1e-3)
    assert to_onnx(model).SerializeToString() != before


def test_other_backends_are_really_forbidden() -> None:
    code = (
        "import sys; from support.same_bytes import Forbidden; "
        "sys.meta_path.insert(0, Forbidden('torch')); import torch"
    )
    done = python("-c", code, backend=keras.backend.backend())
    assert done.returncode != 0
    assert "torch is forbidden in this process" in done.stderr
