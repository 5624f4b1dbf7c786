"""Files of Keras's own exporter, under each backend, in processes of their own.

    python -m benchmarks.peers jobs.json results.json

runs inside such a process, under the `KERAS_BACKEND` that it was started with. A job
that fails leaves its error, and is shown as failing.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.environment import BACKENDS

UNKNOWN = 224
"""What stands for an unknown size in the first call of a model."""

TIMEOUT = 900
"""Seconds after which a process of jobs is given up."""


MEMORY = int(0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
"""Bytes of data beyond which an export fails, rather than the machine."""


@dataclass(frozen=True)
class Job:
    """One export.

    Attributes:
        group: `"official"` or `"models"`: which function of `subjects` has it.
        name: The subject.
        exporter: `"keras"` for `model.export`, `"keras-acts"` for `to_onnx`.
        path: The file to write.
    """

    group: str
    name: str
    exporter: str
    path: str


@dataclass(frozen=True)
class Export:
    """How one export went.

    Attributes:
        path: The file, None where it failed.
        seconds: How long it took, the building of the model left out.
        memory: By how many bytes the process's peak memory grew.
        error: Why it failed, None where it did not.
    """

    path: str | None
    seconds: float
    memory: int
    error: str | None


def export(backend: str, jobs: Sequence[Job], each: bool = False) -> list[Export]:
    """Run exports under a backend.

    Args:
        backend: Keras's backend.
        jobs: What to export.
        each: Whether each job has a process of its own, for its memory and because
            one that is killed takes the others with it.
    """
    if each:
        return [export(backend, [job])[0] for job in jobs]
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "jobs.json", Path(folder) / "results.json"
        asked.write_text(json.dumps([asdict(job) for job in jobs]))
        command = [sys.executable, "-m", "benchmarks.peers", str(asked), str(answered)]
        environment = {
            **os.environ,
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                timeout=TIMEOUT,
                preexec_fn=_limit_memory,
            )
            last = done.stderr.decode(errors="replace").strip().split("\n")[-1]
            ending = f"the process ended with {done.returncode}: {last}"[:200]
        except subprocess.TimeoutExpired:
            ending = f"no answer within {TIMEOUT} s"
        if answered.exists():
            return [Export(**one) for one in json.loads(answered.read_text())]
        return [Export(None, 0.0, 0, ending) for _ in jobs]


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def export_everywhere(
    group: str, names: Sequence[str], folder: Path, each: bool = False
) -> Mapping[str, Mapping[str, Export]]:
    """Let Keras export subjects under each backend.

    Returns:
        By backend, then by subject.
    """
    results = {}
    for backend in BACKENDS:
        jobs = [
            Job(group, name, "keras", str(folder / f"{backend}-{i}.onnx"))
            for i, name in enumerate(names)
        ]
        results[backend] = dict(zip(names, export(backend, jobs, each), strict=True))
    return results


def _run(job: Job) -> Export:
    """Do one job in this process."""
    from benchmarks import subjects
    from benchmarks.memory import Peak

    model = getattr(subjects, job.group)()[job.name].build()
    _call_once(model)
    with Peak() as peak:
        start = time.perf_counter()
        try:
            _EXPORTERS[job.exporter](model, job.path)
        except Exception as error:
            message = f"{type(error).__name__}: {error}".split("\n")[0][:200]
            return Export(None, time.perf_counter() - start, peak.growth, message)
        seconds = time.perf_counter() - start
    return Export(job.path, seconds, peak.growth, None)


def _call_once(model) -> None:
    """Call a model: Keras's exporter takes none that was never called."""
    shapes = [[n or UNKNOWN for n in x.shape[1:]] for x in model.inputs]
    dtypes = [x.dtype for x in model.inputs]
    model([np.zeros((1, *s), d) for s, d in zip(shapes, dtypes, strict=True)])


def _by_keras(model, path: str) -> None:
    model.export(path, format="onnx", verbose=False)


def _by_us(model, path: str) -> None:
    from keras_acts.export import to_onnx

    to_onnx(model, path, engine="native")


_EXPORTERS = {"keras": _by_keras, "keras-acts": _by_us}


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)  # Keras walks a model of 1,000 layers recursively
    jobs = [Job(**one) for one in json.loads(Path(sys.argv[1]).read_text())]
    results = [asdict(_run(job)) for job in jobs]
    Path(sys.argv[2]).write_text(json.dumps(results))
