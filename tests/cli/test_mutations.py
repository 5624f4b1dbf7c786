"""Models and ONNX files with bytes changed at random: an exit code, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import pytest

from support import mutations
from support.backends import environment
from support.handmade import classifier, classifier_onnx
from support.process import ROOT

pytestmark = pytest.mark.runs_once("files, whose readers are no backend's")

FEW = 7
MANY = 300
"""Files of each kind; 300 take about 80 seconds."""

LONGEST = 60.0
"""Seconds that one file may take on a busy machine; a right one takes one."""

CODES = set(range(6))


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, bytes]:
    model, folder = classifier(), tmp_path_factory.mktemp("originals")
    found = {}
    for suffix in (".keras", ".h5"):
        model.save(folder / f"model{suffix}")
        found[suffix] = (folder / f"model{suffix}").read_bytes()
    found[".onnx"] = classifier_onnx(model).SerializeToString()
    return found


def outcomes(
    lines: list[list[str]], folder: Path
) -> list[tuple[str, object, float, str]]:
    """Run the command line on each line of arguments, in one process."""
    backend = keras.backend.backend()
    done = subprocess.run(
        [sys.executable, "-m", "support.mutations"],
        input="".join(f"{json.dumps(line)}\n" for line in lines),
        env={
            **os.environ,
            **environment(backend),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        },
        cwd=folder,
        capture_output=True,
        text=True,
    )
    found = [tuple(json.loads(x)) for x in done.stdout.splitlines() if x[:1] == "["]
    assert len(found) == len(lines), (
        f"{lines[len(found)]} ended it: {done.returncode}, {done.stderr[-2000:]}"
    )
    return found


def check(
    suffixes: Sequence[str], count: int, originals: dict[str, bytes], folder: Path
) -> None:
    (folder / "right.keras").write_bytes(originals[".keras"])
    (folder / "right.onnx").write_bytes(originals[".onnx"])
    (folder / "files").mkdir()
    pairs = []
    for suffix in suffixes:
        content, seeds = originals[suffix], range(count)
        for path in mutations.write(folder / "files", content, suffix, seeds):
            onnx = suffix == ".onnx"
            pairs.append(
                ["right.keras", str(path)] if onnx else [str(path), "right.onnx"]
            )
    lines = [["verify", *pair, "--batch-sizes", "1"] for pair in pairs]
    refused = 0
    for line, code, seconds, said in outcomes(lines, folder):
        assert code in CODES, (line, code)
        assert seconds < LONGEST, line
        assert "Traceback" not in said, (line, said)
        errors = [x for x in said.splitlines() if x.startswith("keras-acts: error: ")]
        assert len(errors) == (1 if code in (2, 3) else 0), (line, code, said)
        assert all(len(x) < 700 for x in errors), line
        refused += code != 0
    assert refused > len(lines) / 4
    assert sorted(x.name for x in folder.iterdir()) == [
        "files",
        "right.keras",
        "right.onnx",
    ]


KINDS = (".keras", ".h5", ".onnx")


@pytest.mark.slow
def test_some_files(originals, tmp_path):
    check(KINDS, FEW, originals, tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize("suffix", KINDS)
def test_many_files(suffix, originals, tmp_path):
    check([suffix], MANY, originals, tmp_path)
