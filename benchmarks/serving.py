"""A service under load: throughput and latency, against onnxruntime in a loop; a soak.

    python -m benchmarks.serving MODEL.onnx [--workers 2] [--requests 3000]
    python -m benchmarks.serving MODEL.onnx --soak 10

In an environment with `keras-acts[serve]`; the load is ab's, from apache2-utils, on
this machine's loopback. `--soak` asks for so many minutes and prints the memory of all
processes each half minute.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

CLIENTS = (1, 16)
ROWS = (1, 32)
SOAK_CLIENTS = 8
_PORTION = 500
"""Requests of a soak between looks at the clock."""

_ROUND = 30.0
_PAGE = 4096
_PATIENCE = 60
"""Seconds in which the service has to answer."""

_NO_ANSWER = (OSError, http.client.HTTPException)
"""What `urllib` raises where nothing answers, or not to the end."""


def main() -> None:
    """Measure, and print a table, or the memory over time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    options = parser.parse_args()
    with serving(options.model, options.workers) as (url, process):
        body = json_body(url, 1)
        if options.soak:
            soak(url, body, process, options.soak)
            return
        print("| rows | clients | requests/s | p50 ms | p99 ms |")
        print("|---|---|---|---|---|")
        for rows in ROWS:
            rate, p50, p99 = in_a_loop(options.model, rows, options.requests)
            print(f"| {rows} | in a loop | {rate:,.0f} | {p50:.2f} | {p99:.2f} |")
            for clients in CLIENTS:
                found = ab(url, json_body(url, rows), clients, options.requests)
                print(
                    f"| {rows} | {clients} | {found['rate']:,.0f} | "
                    f"{found['p50']:.0f} | {found['p99']:.0f} |"
                )


@contextlib.contextmanager
def serving(model: Path, workers: int) -> Iterator[tuple[str, int]]:
    """Serve a model; yield its URL and the process."""
    port, grpc_port = free_port(), free_port()
    line = ["serve", f"measured={model}", "--port", port, "--grpc-port", grpc_port]
    process = subprocess.Popen(
        [sys.executable, "-m", "keras_acts", *map(str, line), "--workers", str(workers)]
    )
    url = f"http://127.0.0.1:{port}/v2/models/measured"
    try:
        wait(url, process)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait()


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a service answers.

    Raises:
        RuntimeError: It ended before it did, or takes too long.
    """
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(*_NO_ANSWER), urllib.request.urlopen(url):
            return
        time.sleep(0.1)
    raise RuntimeError(
        f"The service must answer within {_PATIENCE} s. "
        f"Received: exit code {process.poll()}"
    )


def free_port() -> int:
    """Return a port that nothing has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def json_body(url: str, rows: int) -> bytes:
    """Return a request for some rows of zeros and ones."""
    with urllib.request.urlopen(url) as answer:
        ports = json.load(answer)["inputs"]
    inputs = []
    for one in ports:
        first, *rest = one["shape"]
        shape = [rows if first == -1 else first, *(4 if n == -1 else n for n in rest)]
        data = np.random.default_rng(0).integers(0, 2, shape).ravel().tolist()
        inputs.append({**one, "shape": shape, "data": data})
    return json.dumps({"inputs": inputs}).encode()


def ab(url: str, body: bytes, clients: int, requests: int) -> Mapping[str, float]:
    """Ask so many times by so many clients, and return what ab measures.

    Raises:
        RuntimeError: A request had no answer, or another one than 200.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        line = ["ab", "-q", "-k", "-c", clients, "-n", requests, "-p", file.name]
        line += ["-T", "application/json", f"{url}/infer"]
        done = subprocess.run(
            [str(one) for one in line], capture_output=True, text=True, check=True
        )
    text = done.stdout
    if "Non-2xx" in text or not re.search(r"Failed requests: +0\n", text):
        # Answers of other lengths count as failed, which a new id doesn't change.
        raise RuntimeError(text)
    patterns = {"rate": r"per second: +([\d.]+)", "p50": r" 50% +(\d+)"}
    patterns["p99"] = r" 99% +(\d+)"
    return {key: float(_found(one, text)) for key, one in patterns.items()}


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(text)
    return match[1]


def in_a_loop(model: Path, rows: int, runs: int) -> tuple[float, float, float]:
    """Return runs a second, p50 and p99 in ms of onnxruntime alone: the limit."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model)
    feeds: dict[str, Any] = {}
    for one in session.get_inputs():
        rest = [n if isinstance(n, int) else 4 for n in one.shape[1:]]
        dtype = {"tensor(float)": "float32"}.get(one.type, one.type[7:-1])
        feeds[one.name] = np.zeros((rows, *rest), dtype)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        session.run(None, feeds)
        times.append(1000 * (time.perf_counter() - start))
    return 1000 / float(np.mean(times)), *map(float, np.percentile(times, (50, 99)))


def soak(url: str, body: bytes, process: int, minutes: float) -> None:
    """Ask for some minutes, and print the memory as it goes."""
    start = time.monotonic()
    shown, count, end = start, 0, start + 60 * minutes
    while time.monotonic() < end:
        ab(url, body, SOAK_CLIENTS, _PORTION)
        count += _PORTION
        now = time.monotonic()
        if now >= min(shown + _ROUND, end):
            shown, megabytes = now, memory(process) / 1e6
            took = f"{(now - start) / 60:4.1f} min"
            print(f"{took} {count:>9,} requests {megabytes:,.1f} MB", flush=True)


def memory(process: int) -> int:
    """Return the bytes that a process and those that it started have."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    started = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return pages * _PAGE + sum(memory(int(one)) for one in started)


if __name__ == "__main__":
    main()
