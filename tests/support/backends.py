"""Keras's backends: which ones a run is for, and what their processes set.

Keras has one backend a process. `pytest --backend jax`, or `KERAS_BACKEND=jax pytest`,
runs one backend in this process; plain `pytest` starts processes for all of them, as
`support.runs.parts` says.
"""

from __future__ import annotations

import importlib.util
import os

import pytest

BACKENDS = ("torch", "jax", "tensorflow")
"""Every backend that trains: what plain `pytest` runs."""

INFERENCE = ("numpy", "openvino")
"""Those that infer alone. Keras's NumPy imports JAX; the other is a package."""

_PACKAGES = {"numpy": "jax"}
"""The package that a backend needs, where it isn't the one of its name."""

FIRST = "torch"
"""The quickest backend: where all of them run, it runs every test, in full."""

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""Several processes run at once: each backend's own pool of threads would only
make them wait for each other."""


def selected(option: str | None) -> tuple[str, ...]:
    """Return the backends to run: by the option, by the environment, or all."""
    choice = option or os.environ.get("KERAS_BACKEND") or "all"
    names = BACKENDS if choice == "all" else tuple(choice.split(","))
    absent = [name for name in names if not is_installed(name)]
    if absent:
        raise pytest.UsageError(
            f"These backends are not installed: {', '.join(absent)}. Install the "
            "[test] extra, or select one that is there by `--backend`. "
            f"Received: {choice!r}"
        )
    return names


def is_installed(backend: str) -> bool:
    """Tell whether a backend is known, and its package is there."""
    package = _PACKAGES.get(backend, backend)
    return backend in BACKENDS + INFERENCE and bool(importlib.util.find_spec(package))


def environment(backend: str) -> dict[str, str]:
    """Return what a process sets before it imports Keras; the user's own wins."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    user = {k: os.environ[k] for k in (*ONE_THREAD, *quiet) if k in os.environ}
    return {**ONE_THREAD, **quiet, **user, "KERAS_BACKEND": backend}
