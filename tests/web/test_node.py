"""The same file, the same answers, in Node.js."""

from __future__ import annotations

import json
import subprocess

import numpy as np


def test_the_example_gets_kerass_answers(installed, digits, recorded):
    images = recorded["image"]
    asked = {"shape": images.shape, "data": images.ravel().tolist()}
    done = subprocess.run(
        ["node", "classify.js", digits / "digits.onnx", "image"],
        cwd=installed("node"),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)["digit"]
    assert found["shape"] == list(recorded["digit"].shape)
    answers = np.reshape(found["data"], found["shape"])
    np.testing.assert_allclose(answers, recorded["digit"], rtol=1e-4, atol=1e-6)
