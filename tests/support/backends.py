"""Running the suite once for each backend: Keras has one backend a process.

`pytest` starts itself once for each backend, prints each run whole, and closes with
one line that sums them up. `pytest --backend jax`, or `KERAS_BACKEND=jax pytest`, runs
one backend in this process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BACKENDS = ("tensorflow", "jax", "torch")
"""In the order of their running times, the longest first."""

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

OUTCOMES = {
    "passed": ("passed", "xpassed"),
    "failed": ("failed", "error"),
    "skipped": ("skipped", "xfailed"),
}
"""What the closing line counts, and pytest's names for it."""

Counts = dict[str, int]


@dataclass(frozen=True)
class Run:
    """One backend's run: what it printed, how it ended, what it counted."""

    backend: str
    output: str
    status: int
    counts: Counts

    @property
    def is_good(self) -> bool:
        """Whether it ended well and ran at least one test."""
        return self.status == 0 and self.counts["passed"] > 0

    def __str__(self) -> str:
        heading = f" {self.backend} ".center(88, "#")
        return f"{heading}\n{self.output.rstrip()}\nexit status {self.status}\n"


def selected(option: str | None) -> tuple[str, ...]:
    """Return the backends to run: by the option, by the environment, or all."""
    choice = option or os.environ.get("KERAS_BACKEND") or "all"
    names = BACKENDS if choice == "all" else (choice,)
    absent = [name for name in names if not _is_installed(name)]
    if absent:
        raise pytest.UsageError(
            f"These backends are not installed: {', '.join(absent)}. Install the "
            "[test] extra, or select one that is there by `--backend`. "
            f"Received: {choice!r}"
        )
    return names


def _is_installed(backend: str) -> bool:
    return backend in BACKENDS and importlib.util.find_spec(backend) is not None


def environment(backend: str) -> dict[str, str]:
    """Return what a process sets before it imports Keras; the user's own wins."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    user = {k: os.environ[k] for k in (*ONE_THREAD, *quiet) if k in os.environ}
    return {**ONE_THREAD, **quiet, **user, "KERAS_BACKEND": backend}


def run_all(backends: Sequence[str], arguments: Sequence[str]) -> int:
    """Run pytest once for each backend, as many at once as there are cores.

    Returns:
        The exit status: 0 where each backend ran tests and none failed.
    """
    runs = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done in as_completed(
            [pool.submit(run_one, b, arguments) for b in backends]
        ):
            runs.append(done.result())
            print(runs[-1], flush=True)
    for one in runs:
        if not one.counts["passed"]:
            print(f"{one.backend} passed no test")
    total = {key: sum(one.counts[key] for one in runs) for key in OUTCOMES}
    print(", ".join(f"{count} {outcome}" for outcome, count in total.items()))
    return 0 if all(one.is_good for one in runs) else 1


def run_one(backend: str, arguments: Sequence[str]) -> Run:
    """Run pytest on one backend, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *arguments),
                *("--backend", backend, "--counts", str(counts)),
            ],
            env={**os.environ, **environment(backend)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Run(backend, done.stdout, done.returncode, counts_in(counts))


def counts_in(counts: Path) -> Counts:
    """Return the counts that a run left; a run that crashed left none and failed."""
    if not counts.exists():
        return {"passed": 0, "failed": 1, "skipped": 0}
    return dict(json.loads(counts.read_text()))


def write_counts(path: str, stats: Mapping[str, Sequence[Any]]) -> None:
    """Leave the counts of a run, from the statistics of pytest's terminal reporter."""
    counts = {
        ours: sum(len(stats.get(theirs, ())) for theirs in names)
        for ours, names in OUTCOMES.items()
    }
    Path(path).write_text(json.dumps(counts))
