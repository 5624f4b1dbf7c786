"""What runs a folder needs neither Keras nor this package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keras_acts.export import Generator, export_generator
from support.causal_lm import TinyCausalLM, randomized
from support.process import ROOT

RUNTIME = ROOT / "export" / "generation" / "runtime"

PROGRAM = """
import sys
for name in ("keras", "keras_acts", "onnx", "onnx_ir", "torch", "tensorflow", "jax"):
    sys.modules[name] = None
sys.path.insert(0, sys.argv[1])
from copied import Generator
print(Generator("lm").generate([1, 2, 3], max_length=12).tolist())
"""


@pytest.mark.runs_once("a process without any backend")
def test_a_copy_of_the_folder_generates_the_same(tmp_path: Path) -> None:
    export_generator(randomized(TinyCausalLM()), tmp_path / "lm")
    shutil.copytree(RUNTIME, tmp_path / "copied")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    want = Generator(tmp_path / "lm").generate([1, 2, 3], max_length=12)
    assert done.stdout.strip() == str(want.tolist())
