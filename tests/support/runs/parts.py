"""Plain `pytest`: parts of the suite on each backend, in processes of their own.

As many parts run at once as there are cores, the longest first; each is printed whole
when it ends. The closing lines sum them up and say whether the backends agree.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.backends import INFERENCE, environment
from support.runs import shared
from support.runs.agreement import Agreement, Found, agreement
from support.runs.cross_section import CASES
from support.runs.evidence import Evidence
from support.runs.turns import TURNS

OUTCOMES = {
    "passed": ("passed", "xpassed"),
    "failed": ("failed", "error"),
    "skipped": ("skipped", "xfailed"),
}
"""What the closing lines count, and pytest's names for it."""

ORDER = (
    ("torch", "others"),
    ("jax", "others"),
    ("jax", "export"),
    ("torch", "export"),
    ("tensorflow", "others"),
    ("tensorflow", "export"),
)
"""The parts, the longest first. `others` of the first backend comes before those of the
rest, which need what it computes in mpmath (`support.runs.shared`)."""

FEWEST_DIGESTS = 2500
"""A run of all cases compares at least as many, a cross-section its share of them; one
that does not has lost its evidence."""

NO_TESTS = pytest.ExitCode.NO_TESTS_COLLECTED


@dataclass(frozen=True)
class Part:
    """What one process runs: a backend, and the tests that it adds to the arguments."""

    backend: str
    name: str = "tests"
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """How a part went: what it printed, how it ended, what it counted and showed."""

    part: Part
    output: str
    status: int
    counts: Mapping[str, int]
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether none of its tests failed; it may have none."""
        return self.status in (0, NO_TESTS)

    def __str__(self) -> str:
        heading = f" {self.part.backend}: {self.part.name} ".center(88, "#")
        return f"{heading}\n{self.output.rstrip()}\nexit status {self.status}\n"


def run_all(backends: Sequence[str], config: pytest.Config) -> int:
    """Run each part of the suite on each backend.

    Returns:
        The exit status: 0 where each backend passed tests, none failed, and the
        backends agree.
    """
    arguments = list(config.invocation_params.args)
    is_whole, rest = _is_whole(config), config.option.rest
    if is_whole and not (rest or config.option.all):
        arguments.append("--cross-section")
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(_cores()) as pool,
    ):
        started = [
            pool.submit(run, part, arguments, Path(folder))
            for part in parts(backends, config)
        ]
        for done in as_completed(started):
            runs.append(done.result())
            print(runs[-1], flush=True)
    share = 2 * CASES if "--cross-section" in arguments else TURNS if rest else 1
    return conclude(runs, fewest=FEWEST_DIGESTS // share if is_whole else 0)


APART = ("cluster", "serving", "web", "website")
"""Folders whose tests run in environments of their own, without `conftest.py`: by
`.ci/cluster`, `.ci/serve`, `.ci/web` and `.ci/site`."""


def parts(backends: Sequence[str], config: pytest.Config) -> list[Part]:
    """Return the parts in the order in which to start them.

    A run of chosen files has one part for each backend.
    """
    if config.args_source is not config.ArgsSource.TESTPATHS:
        return [Part(backend) for backend in backends]
    tests = config.rootpath / "tests"
    paths = {"export": (str(tests / "export"),), "others": tuple(_others(tests))}
    further = tuple((b, name) for b in INFERENCE for name in paths)
    return [Part(b, name, paths[name]) for b, name in ORDER + further if b in backends]


def _others(tests: Path) -> Iterator[str]:
    """Yield the files and folders with tests, `export` and those apart left out."""
    for path in sorted(tests.iterdir()):
        is_folder = path.is_dir() and path.name not in ("export", *APART)
        if path.match("test_*.py") or (is_folder and any(path.rglob("test_*.py"))):
            yield str(path)


def _is_whole(config: pytest.Config) -> bool:
    """Whether no argument leaves tests out."""
    option = config.option
    chosen = (option.keyword, option.markexpr, option.deselect, option.ignore)
    again = ("lf", "collectonly", "maxfail")
    return config.args_source is config.ArgsSource.TESTPATHS and not any(
        [*chosen, *(getattr(option, name, None) for name in again)]
    )


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(part: Part, arguments: Sequence[str], folder: Path) -> Run:
    """Run pytest on one part, in a process of its own."""
    results = folder / f"{part.backend}-{part.name}.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *arguments, *part.paths),
            *("--backend", part.backend, "--results", str(results)),
        ],
        env={**os.environ, **environment(part.backend), shared.FOLDER: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    counts, evidence = read_results(results)
    return Run(part, done.stdout, done.returncode, counts, evidence)


def write_results(
    path: str, stats: Mapping[str, Sequence[Any]], evidence: Mapping[str, Any]
) -> None:
    """Leave what a part counted, by pytest's terminal reporter, and what it showed."""
    counts = {
        ours: sum(len(stats.get(theirs, ())) for theirs in names)
        for ours, names in OUTCOMES.items()
    }
    text = json.dumps({"counts": counts, "evidence": evidence})
    Path(path).write_text(text, encoding="utf-8")


def read_results(path: Path) -> tuple[dict[str, int], dict[str, Evidence]]:
    """Return what a part left; one that crashed left nothing, and failed."""
    if not path.exists():
        return {"passed": 0, "failed": 1, "skipped": 0}, {}
    found = json.loads(path.read_text(encoding="utf-8"))
    evidence = {name: Evidence(**one) for name, one in found["evidence"].items()}
    return found["counts"], evidence


def conclude(runs: Sequence[Run], fewest: int) -> int:
    """Print the closing lines, and return the exit status.

    Args:
        runs: Those of all parts.
        fewest: How many digests must have been compared.
    """
    found: dict[str, dict[str, Evidence]] = {}
    passed: Counter[str] = Counter()
    for one in runs:
        found.setdefault(one.part.backend, {}).update(one.evidence)
        passed[one.part.backend] += one.counts["passed"]
    agreed = agreement(found)
    wrong = [*agreed.problems, *_without(passed), *_too_few(agreed, fewest)]
    wrong += [f"{name} on {of}: failed" for of, name in _failed(found)]
    for reason, tests in Counter(agreed.differing.values()).most_common():
        print(f"files differ in {tests} tests: {reason}")
    for line in wrong:
        print(line)
    print(agreed)
    total = {key: sum(one.counts[key] for one in runs) for key in OUTCOMES}
    print(", ".join(f"{count} {outcome}" for outcome, count in total.items()))
    return 1 if wrong or not all(one.is_good for one in runs) else 0


def _failed(found: Found) -> Iterator[tuple[str, str]]:
    for backend, tests in found.items():
        for name, one in tests.items():
            if one.outcome == "failed":
                yield backend, name


def _without(passed: Mapping[str, int]) -> Iterator[str]:
    yield from (f"{name} passed no test" for name, count in passed.items() if not count)


def _too_few(agreed: Agreement, fewest: int) -> Iterator[str]:
    if agreed.digests < fewest:
        yield f"{agreed.digests} digests were compared, where {fewest} are expected"
