"""A service that really runs, and what tests ask of it. Nothing here imports Keras."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import Result
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds in which a service has to start."""

PROVIDER = os.environ.get("KERAS_ACTS_SERVED_PROVIDER", "cpu")
"""What services run on, where a test doesn't say."""

NO_ANSWER = (OSError, http.client.HTTPException)
"""What a client gets of a process that isn't there, or dies while it answers."""


@dataclass
class Service:
    """A running service and its addresses."""

    process: subprocess.Popen[str]
    port: int
    grpc_port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def metrics(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (x.rsplit(" ", 1) for x in lines if x.startswith("keras_acts_"))
        return {name: float(value) for name, value in pairs}

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        raw = isinstance(body, bytes)
        request = urllib.request.Request(
            self.url + path,
            data=body if raw else json.dumps(body).encode(),
            headers={k.replace("_", "-"): v for k, v in headers.items()}
            or {"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    def infer(self, model: str, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs for some inputs, over REST and as JSON."""
        status, answer = self.post(f"/v2/models/{model}/infer", request(**arrays))
        assert status == 200, answer
        return {
            x["name"]: np.array(x["data"], "float32").reshape(x["shape"])
            for x in answer["outputs"]
        }

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the service, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def request(**arrays: np.ndarray) -> dict[str, Any]:
    """Return the JSON of a request."""
    names = {"float32": "FP32", "int32": "INT32", "float16": "FP16", "object": "BYTES"}
    return {
        "inputs": [
            {
                "name": name,
                "shape": list(x.shape),
                "datatype": names[x.dtype.name],
                "data": x.ravel().tolist(),
            }
            for name, x in arrays.items()
        ]
    }


def free_ports() -> tuple[int, int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        first, second = (one.getsockname()[1] for one in sockets)
        return first, second


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "keras_acts", *map(str, arguments)]


def environment() -> dict[str, str]:
    paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run(*arguments: object) -> Result:
    """Run a command that ends by itself: that starts no service."""
    from keras_acts.cli.app import app

    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="keras-acts")


@contextlib.contextmanager
def serving(log: Path, *arguments: object) -> Iterator[Service]:
    """Run a service until the block ends."""
    port, grpc_port = free_ports()
    ports = ("--port", port, "--grpc-port", grpc_port, "--provider", PROVIDER)
    with log.open("w") as file:
        process = subprocess.Popen(
            command("serve", *arguments, *ports),
            env=environment(),
            stderr=file,
            stdout=file,
            text=True,
        )
        service = Service(process, port, grpc_port, log)
        try:
            wait_until_ready(service)
            yield service
        finally:
            service.stop(signal.SIGKILL if sys.exc_info()[0] else signal.SIGTERM)


def wait_until_ready(service: Service) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert service.process.poll() is None, service.log.read_text()
        with contextlib.suppress(*NO_ANSWER):
            service.get("/v2/health/ready")
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not start: {service.log.read_text()}")


def until(condition: Any, seconds: float = 20) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def onnx_file(
    path: Path,
    signature: str,
    body: str,
    weights: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """Write a model that others could have made.

    Args:
        path: The file.
        signature: `"(float[batch, 4] x) => (float[batch, 2] y)"`.
        body: The nodes: `"y = Relu (x)"`, one a line.
        weights: Initializers by name.
    """
    import onnx

    text = f'<ir_version: 10, opset_import: ["" : 21]> g {signature} {{ {body} }}'
    model = onnx.parser.parse_model(text)
    for name, array in (weights or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
