"""A file behind Ray Serve: Keras's answers, each once, also where a replica dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from support.services import NO_ANSWER, free_ports, until

REPLICA = "ray::ServeReplica:default:Model"


@pytest.fixture(scope="module")
def address(cluster, models, tmp_path_factory):
    """A service of two replicas."""
    port, _ = free_ports()
    log = tmp_path_factory.mktemp("service") / "log"
    line = (models / "reader.onnx", "--replicas", 2, "--port", port)
    process = cluster.start("service.py", *line, log=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or _answers(url), 120)
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url):
    with contextlib.suppress(*NO_ANSWER), urllib.request.urlopen(url) as answer:
        return answer.status == 200
    return False


def _predict(url, body):
    """Return the status and the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/predict", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _inputs(case, rows):
    return {"inputs": {name: case[name][rows].tolist() for name in ("ids", "scale")}}


def _check(found, case, rows):
    for name in ("product", "mean"):
        np.testing.assert_allclose(found[name], case[name][rows], rtol=1e-5, atol=1e-6)


def test_it_says_what_it_takes(address):
    with urllib.request.urlopen(address) as answer:
        about = json.loads(answer.read())
    assert about["inputs"] == {"ids": [-1, -1], "scale": [-1, 4]}
    assert about["digest"].startswith("sha256:")


GOOD = {"ids": [[1, 2]], "scale": [[1, 2, 3, 4]]}
WRONG = {
    "no inputs": ({}, 422),
    "no JSON": (b"{", 422),
    "an input is missing": ({"inputs": {"ids": [[1]]}}, 400),
    "an unknown input": ({"inputs": {**GOOD, "x": 1}}, 400),
    "a fraction": ({"inputs": {**GOOD, "ids": [[1.5]]}}, 400),
    "a text": ({"inputs": {**GOOD, "scale": [["a", 2, 3, 4]]}}, 400),
    "another size": ({"inputs": {**GOOD, "scale": [[1, 2, 3]]}}, 400),
    "ragged": ({"inputs": {**GOOD, "ids": [[1], [1, 2]]}}, 400),
    "another number of rows": ({"inputs": {**GOOD, "ids": [[1], [2]]}}, 400),
    "no rows": ({"inputs": {"ids": [], "scale": []}}, 400),
    "too many rows": ({"inputs": {x: y * 2000 for x, y in GOOD.items()}}, 413),
    "what the model refuses": ({"inputs": {**GOOD, "ids": [[99]]}}, 400),
}


def test_a_wrong_request_is_refused_and_its_neighbours_are_not(address, answers):
    """Also where they share a run: each is sent among good ones."""
    case = answers["reader"]
    with ThreadPoolExecutor(16) as pool:
        wrong, good = {}, {}
        for name, (body, _) in WRONG.items():
            wrong[name] = pool.submit(_predict, address, body)
            good[name] = pool.submit(_predict, address, _inputs(case, slice(2, 5)))
    for name, (_, status) in WRONG.items():
        assert wrong[name].result()[0] == status, name
        status, found = good[name].result()
        assert status == 200, found
        _check(found, case, slice(2, 5))


def test_a_killed_replica_loses_no_request(cluster, address, answers):
    case = answers["reader"]
    requests, done = 400, threading.Event()
    found, retried = [], []

    def ask(number):
        """Ask again until there is an answer, as a client has to."""
        rows = slice(number % 20, number % 20 + 1 + number % 4)
        for pause in (0.2, 0.5, 1, 2, 4, 8):
            with contextlib.suppress(*NO_ANSWER):
                status, answer = _predict(address, _inputs(case, rows))
                if status == 200:
                    found.append((number, rows, answer))
                    return
                assert status in (500, 503), answer
            retried.append(number)
            time.sleep(pause)

    def kill():
        until(lambda: len(found) > requests // 4, 120)
        victim = cluster.workers(REPLICA)[0]
        os.kill(victim, signal.SIGSTOP)  # requests come to it, and wait
        time.sleep(1)
        os.kill(victim, signal.SIGKILL)
        done.set()

    before = set(cluster.workers(REPLICA))
    killer = threading.Thread(target=kill)
    killer.start()
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(ask, range(requests))]
    killer.join()
    assert done.is_set()
    assert sorted(number for number, _, _ in found) == [*range(requests)]
    for _, rows, answer in found:
        _check(answer, case, rows)
    assert set(retried) <= set(range(requests))
    until(lambda: len(cluster.workers(REPLICA)) == len(before), 60)
    assert set(cluster.workers(REPLICA)) != before
