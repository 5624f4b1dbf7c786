"""The file of a model in parts: that of the whole model, gathered weight by weight."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from support.process import ROOT


@pytest.mark.slow
@pytest.mark.runs_once("it runs in a process of its own, on eight devices of JAX")
def test_weights_in_parts_are_gathered_one_at_a_time(tmp_path):
    env = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
    }
    line = [sys.executable, "-m", "support.parallel.exported", str(tmp_path)]
    done = subprocess.run(line, env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["in_parts"] == found["weights"]
    assert found["status"] == "passed"
    one, parts = ((tmp_path / f"{x}.onnx").read_bytes() for x in ("one", "parts"))
    assert one == parts
    # All that Python and NumPy hold at once: a weight, for Maxout in another order too.
    assert found["total"] > 6 * found["largest"]
    assert found["peak"] < 2.5 * found["largest"]
    assert found["kept"] < found["largest"]
