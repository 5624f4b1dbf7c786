"""The page in a headless Chromium: Keras's answers, and digits drawn with the mouse."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

CIRCLE = [
    [0.5 + 0.25 * np.cos(a), 0.5 + 0.37 * np.sin(a)]
    for a in np.linspace(0, 2 * np.pi, 13)
]
STROKES = {
    "0": [CIRCLE],
    "1": [[[0.4, 0.25], [0.52, 0.12], [0.52, 0.88]]],
    "4": [[[0.45, 0.12], [0.28, 0.55], [0.75, 0.55]], [[0.62, 0.38], [0.6, 0.88]]],
    "7": [[[0.25, 0.18], [0.72, 0.18], [0.45, 0.86]], [[0.33, 0.52], [0.66, 0.52]]],
}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave each request out of the output."""


@pytest.fixture(scope="module")
def found(installed, digits, recorded, tmp_path_factory):
    """What the page answers, on each backend."""
    page = installed("browser")
    shutil.copy(digits / "digits.onnx", page)
    script = Path(__file__).with_name("browser.mjs")
    shutil.copy(script, page)
    cases = page / "cases.json"
    images = recorded["image"].reshape(-1, 64).tolist()
    cases.write_text(json.dumps({"images": images, "strokes": STROKES}))
    handler = functools.partial(_Quiet, directory=os.fspath(page))
    shots = os.environ.get("SCREENSHOTS", "")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/index.html"
        done = subprocess.run(
            ["node", script.name, url, cases, shots],
            cwd=page,
            capture_output=True,
            text=True,
            timeout=300,
        )
        server.shutdown()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _answers(found, backend):
    if backend == "webgpu" and backend in found["why"]:
        pytest.skip(f"WebGPU does not run here: {found['why'][backend]}")
    return found["answers"][backend]


@pytest.mark.parametrize("backend", ["wasm", "webgpu"])
def test_the_page_gets_kerass_answers(backend, found, recorded):
    answers = _answers(found, backend)
    np.testing.assert_allclose(answers, recorded["digit"], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("backend", ["wasm", "webgpu"])
def test_digits_drawn_with_the_mouse_are_told(backend, found):
    _answers(found, backend)
    assert found["drawn"][backend] == {digit: digit for digit in STROKES}


def test_nothing_is_wrong_on_the_page(found):
    assert found["problems"] == []
    assert not found["overflows"], "a phone would have to scroll sideways"
