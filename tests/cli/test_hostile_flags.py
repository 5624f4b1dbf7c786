"""Flags and arrays of numbers that are refused: one sentence, and nothing else."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app
from keras_acts.export import OptionError, to_onnx
from support.handmade import classifier, classifier_onnx
from support.hostile import refused, rewritten

pytestmark = pytest.mark.runs_once("files that no backend is asked about")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return classifier()


@pytest.fixture
def folder(model, tmp_path, monkeypatch) -> Path:
    model.save(tmp_path / "right.keras")
    (tmp_path / "right.onnx").write_bytes(classifier_onnx(model).SerializeToString())
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARRAYS = {
    "negative seed": (["--seed", "-1"], "--seed must be an integer, 0 or above. "),
    "empty file": (
        ["--inputs", "empty.npy"],
        "--inputs must be a .npy or .npz file of ",
    ),
    "complex": (
        ["--inputs", "complex.npy"],
        "--inputs must have real numbers. Received",
    ),
    "objects": (
        ["--inputs", "objects.npy"],
        "--inputs must be a .npy or .npz file of ",
    ),
    "JSON": (
        ["--inputs", "a.json"],
        "--inputs must be a .npy or .npz file of numbers. ",
    ),
    "a folder": (["--inputs", "."], "--inputs must be a regular file. Received: ., a "),
    "none": (
        ["--inputs", "none.npy"],
        "--inputs must be a file that exists. Received: ",
    ),
    "no array": (["--inputs", "none.npz"], "--inputs must be a .npy or .npz file of "),
    "half an array": (["--inputs", "half.npy"], "--inputs must be a .npy or .npz file"),
    "a wrong provider": (
        ["--provider", "cudda"],
        "--provider must be cpu, cuda, tensorrt, coreml, directml, openvino, rocm, or ",
    ),
    "no memory": (["--max-memory", "0"], "--max-memory must be a number above 0. "),
    "a wrong report": (["--report", "a.pdf"], "--report must be a .html, .json, .xml "),
    "a report nowhere": (
        ["--report", "no/a.xml"],
        "--report must lie in a folder that ",
    ),
    "a wrong tolerance": (["--rtol", "nan"], "--rtol must be a finite number, 0 or "),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_flags(name, folder):
    flags, sentence = ARRAYS[name]
    Path("empty.npy").touch()
    np.save("complex.npy", np.ones((2, 6), np.complex64))
    np.save("objects.npy", np.array([{"a": 1}]), allow_pickle=True)
    Path("a.json").write_text("[[1, 2, 3, 4, 5, 6]]")
    np.savez("none.npz")
    np.save("half.npy", np.ones((2, 6), np.float32))
    whole = Path("half.npy").read_bytes()
    Path("half.npy").write_bytes(whole[: len(whole) // 2])
    line = refused("verify", "right.keras", "right.onnx", *flags)
    assert line.startswith(sentence)
    assert "Received: " in line
    assert "pickle" not in line


def test_a_provider_that_a_release_has_dropped_does_not_run(folder):
    line = ["verify", "right.keras", "right.onnx", "--provider", "rocm"]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 4, result.output
    assert "not run: ROCMExecutionProvider" in result.stdout


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the limit is one that Linux has"
)
def test_a_limit_of_memory(folder):
    """A list of numbers takes many times its text; Python's own error says no more."""
    numbers = b'{"class_name": [' + b"1.5," * 10**7 + b"1]}"
    rewritten(folder / "right.keras", {"config.json": numbers})
    # What this process has already counts.
    now = int(re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())[1])
    limit = str((now * 1024 + 150 * 10**6) / 10**9)
    line = refused("export", "right.keras", "new.onnx", "--max-memory", limit)
    assert line.startswith("The memory does not suffice; the limit is what ")
    assert line.endswith("Received: MemoryError")


def test_an_npy_file_that_declares_too_much(folder):
    header = (
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }\n"
    )
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    Path("much.npy").write_bytes(content)
    line = refused("verify", "right.keras", "right.onnx", "--inputs", "much.npy")
    assert line.startswith(
        "--inputs must be a .npy or .npz file of numbers. Received: "
    )


def test_options_of_the_library():
    for wrong in ([("a", "b")], {"a": 1}, {"": "b"}, {"keras_acts_verdict": "passed"}):
        with pytest.raises(OptionError, match=r"`metadata` must .*Received: "):
            to_onnx(classifier(), metadata=wrong)
