"""Learned activations on several devices: the numbers that one device gives.

Each way runs in processes of its own, on the backend that has it.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from support.process import ROOT
from support.services import free_ports

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
DEVICES = {"devices", "sharded"}

pytestmark = pytest.mark.runs_once("each test chooses the backend of its processes")

EXTENTS = [
    pytest.param("few", marks=pytest.mark.heavy),
    pytest.param("all", marks=pytest.mark.sweep),
]


def _start(extent, folder, *ways, **env):
    line = [sys.executable, "-m", "support.parallel.run", extent, folder, *ways]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [*map(str, line)],
        env={**os.environ, "PYTHONPATH": paths, **env},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait(*processes):
    try:
        for process in processes:
            printed, _ = process.communicate(timeout=1200)
            assert process.returncode == 0, printed
    finally:
        for process in processes:
            process.kill()


def _read(folder, *ways):
    return [dict(np.load(folder / f"{way}.npz")) for way in ways]


def _check(found, expected):
    assert found.keys() - DEVICES == expected.keys()
    assert sum("/" in name for name in expected) > 10
    for name, one in expected.items():
        np.testing.assert_allclose(found[name], one, **TOLERANCE, err_msg=name)


@pytest.mark.parametrize("extent", EXTENTS)
def test_keras_distribution_on_eight_devices_of_jax(extent, tmp_path):
    flags = "--xla_force_host_platform_device_count=8"
    ways = ("one_device", "jax_data", "jax_model")
    _wait(_start(extent, tmp_path, *ways, KERAS_BACKEND="jax", XLA_FLAGS=flags))
    one, data, model = _read(tmp_path, *ways)
    assert np.ptp(one["loss"]) > 0.1  # it learns
    for found in (data, model):
        _check(found, one)
        assert found["devices"].tolist() == [8]
    assert not data["sharded"].size
    kinds = {name.split("/")[-1] for name in model["sharded"]}
    assert {"kernel", "alpha", "gamma"} <= kinds  # the layouts of the documentation


@pytest.mark.parametrize("extent", EXTENTS)
def test_mirrored_strategy_on_two_devices_of_tensorflow(extent, tmp_path):
    ways = ("one_device_alike", "mirrored")
    _wait(_start(extent, tmp_path, *ways, KERAS_BACKEND="tensorflow"))
    one, found = _read(tmp_path, *ways)
    assert found["devices"].tolist() == [2]
    _check(found, one)


@pytest.mark.parametrize("extent", EXTENTS)
def test_distributed_data_parallel_in_two_processes_of_torch(extent, tmp_path):
    port, _ = free_ports()
    env = {"KERAS_BACKEND": "torch", "MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2"}
    env |= {"MASTER_PORT": str(port)}
    ranks = [
        _start(extent, tmp_path, "torch_two", RANK=rank, **env) for rank in ("0", "1")
    ]
    _wait(*ranks, _start(extent, tmp_path, "torch_one", KERAS_BACKEND="torch"))
    one, *found = _read(tmp_path, "torch_one", "torch_two0", "torch_two1")
    for each in found:
        _check(each, one)
