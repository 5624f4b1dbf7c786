"""The examples of services, started as their docstrings say, and asked."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from support.services import (
    NO_ANSWER,
    ROOT,
    Service,
    environment,
    free_ports,
    wait_until_ready,
)


@pytest.fixture(scope="module")
def example(models, tmp_path_factory):
    port, grpc_port = free_ports()
    log = tmp_path_factory.mktemp("example") / "log"
    line = ["examples/serve/serve.py", models / "scorer.onnx", "--port", port]
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *map(str, line), "--grpc-port", str(grpc_port)],
            cwd=ROOT,
            env=environment(),
            stdout=file,
            stderr=file,
            text=True,
        )
    service = Service(process, port, grpc_port, log)
    try:
        wait_until_ready(service)
        yield service
    finally:
        service.stop()


def test_the_service_of_a_page_answers(example, answers):
    case = answers["scorer"]
    score = example.infer("scorer", features=case["features"])["score"]
    np.testing.assert_allclose(score, case["score"], rtol=1e-5, atol=1e-6)


def test_its_client_asks_what_the_model_takes(example):
    line = ["examples/serve/ask.py", "scorer", "--address", f"127.0.0.1:{example.port}"]
    done = subprocess.run(
        [sys.executable, *line], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("verdict: passed\nscore: [[")


def test_no_keras_is_in_the_service(example):
    """Neither a backend nor Keras itself is in its memory."""
    maps = Path(f"/proc/{example.process.pid}/maps").read_text()
    assert "onnxruntime" in maps
    assert not [name for name in ("torch", "jaxlib", "tensorflow") if name in maps]
    code = (
        "import sys, keras_acts.serving.app\n"
        "names = ('keras', 'jax', 'torch', 'tensorflow')\n"
        "print([x for x in names if x in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_smallest_service_answers(models, answers, tmp_path):
    lines = (ROOT / "examples/fastapi/service.py").read_text().splitlines()
    assert len(lines) <= 60
    port, _ = free_ports()
    env = {**environment(), "MODEL": os.fspath(models / "reader.onnx")}
    line = ["-m", "uvicorn", "--app-dir", "examples/fastapi", "service:app"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *line, "--port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        about = _get(f"http://127.0.0.1:{port}/")
        assert about["inputs"] == {"ids": [-1, -1], "scale": [-1, 4]}
        case = answers["reader"]
        asked = {name: case[name].tolist() for name in ("ids", "scale")}
        status, found = _post(f"http://127.0.0.1:{port}/predict", {"inputs": asked})
        assert status == 200
        for name in ("product", "mean"):
            np.testing.assert_allclose(found[name], case[name], rtol=1e-5, atol=1e-6)
        # JSON has no infinity, which these overflow to.
        large = {"ids": [[1]] * 2, "scale": [[3e38] * 4, [-3e38] * 4]}
        status, found = _post(f"http://127.0.0.1:{port}/predict", {"inputs": large})
        assert status == 200
        assert sorted(found["product"][0] + found["product"][1], key=str) == [
            *[0.0] * 4,
            *[None] * 4,
        ]
        for wrong in ({"ids": [[1]]}, {"ids": [["a"]], "scale": [[0] * 4]}):
            assert (
                _post(f"http://127.0.0.1:{port}/predict", {"inputs": wrong})[0] == 400
            )
    finally:
        process.terminate()
        process.wait(30)


def _get(url):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(*NO_ANSWER), urllib.request.urlopen(url) as answer:
            return json.loads(answer.read())
        time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}")


def _post(url, body):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
