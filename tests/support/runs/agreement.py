"""Whether the backends agree: each file is the same on all, each answer is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from support.backends import FIRST
from support.runs.evidence import Evidence

Found = Mapping[str, Mapping[str, Evidence]]
"""The evidence of each test by backend."""


@dataclass(frozen=True)
class Agreement:
    """What the comparison of several backends gave.

    Attributes:
        digests: How many files of the first backend had the same bytes on another.
        backends: How many backends were compared.
        left_out: How many times a test left its answers to the first backend.
        differing: The reason for each test whose files depend on the backend.
        problems: Each disagreement, in a line.
    """

    digests: int
    backends: int
    left_out: int
    differing: Mapping[str, str]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.digests} digests of exported files compared on {self.backends} "
            f"backends, {len(self.problems)} disagreements; answers left to {FIRST} "
            f"{self.left_out} times; {len(self.differing)} tests whose files depend on "
            "the backend"
        )


def agreement(found: Found) -> Agreement:
    """Compare what each test showed on each backend where it passed."""
    tests = {name: None for tests in found.values() for name in tests}
    digests, left_out = 0, 0
    differing: dict[str, str] = {}
    problems: list[str] = []
    for name in tests:
        shown = {b: found[b][name] for b in found if name in found[b]}
        passed = {b: one for b, one in shown.items() if one.outcome == "passed"}
        for one in passed.values():
            if one.differ:
                differing[name] = one.differ
        left_out += sum(one.answers == "left out" for one in passed.values())
        of_test = [*_differing(passed), *_unproven(passed), *_missing(shown, found)]
        problems += [f"{name}: {problem}" for problem in of_test]
        if not of_test and name not in differing and len(passed) > 1:
            digests += len(next(iter(passed.values())).files)
    return Agreement(digests, len(found), left_out, differing, tuple(problems))


def _differing(passed: Mapping[str, Evidence]) -> Iterator[str]:
    """The files of one test are the same on each backend."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for backend, one in passed.items():
        if not one.differ:
            groups.setdefault(tuple(one.files), []).append(backend)
    if len(groups) > 1:
        files = (
            f"{len(files)} on {', '.join(on)} ({' '.join(x[:8] for x in files[:3])})"
            for files, on in groups.items()
        )
        yield f"other files: {'; '.join(files)}"


def _unproven(passed: Mapping[str, Evidence]) -> Iterator[str]:
    """What leaves its answers to the first backend has them compared there."""
    first = passed.get(FIRST)
    if first is not None and first.answers == "compared":
        return
    for backend, one in passed.items():
        if one.answers == "left out":
            yield f"answers left out on {backend} are not compared on {FIRST}"


def _missing(shown: Mapping[str, Evidence], found: Found) -> Iterator[str]:
    """A test that exports files is there on each backend, if only to be skipped."""
    exports = [b for b, one in shown.items() if one.files and not one.elsewhere]
    absent = [backend for backend in found if backend not in shown]
    if exports and absent and not any(one.differ for one in shown.values()):
        yield f"is on {', '.join(exports)} and not on {', '.join(absent)}"
