"""Why measurements miss their targets: what `reasons.toml` says, and what rows show."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.targets import THREADS, Figure, Row, Target, at_a_million

SAME_OPERATORS = "same operators"
"""The label of the reason that is found by comparing files."""

IDLE = {"Cast", "Constant", "Identity"}
"""Operators that are gone when onnxruntime has loaded a file."""


@dataclass(frozen=True)
class Reason:
    """Why some measurements miss their targets.

    Attributes:
        label: What the tables call it.
        subjects: The activations or models that it explains.
        why: The reason, in a sentence or two.
    """

    label: str
    subjects: frozenset[str]
    why: str


@cache
def known(name: str) -> tuple[Reason, ...]:
    """Return the reasons for misses of a result's targets."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return tuple(
        Reason(one["label"], frozenset(one["subjects"]), " ".join(one["why"].split()))
        for one in tomllib.loads(text)[name]
    )


def explaining(
    name: str, missed: Sequence[Figure], alike: Collection[Figure] = ()
) -> list[Reason]:
    """Return the reasons why one subject misses targets.

    Args:
        name: The result that the targets are on.
        missed: The figures of the subject that miss a target.
        alike: Figures against a file of the same operators, which is the reason where
            no other is known.
    """
    subjects = {figure.subject for figure in missed}
    found = [reason for reason in known(name) if subjects & reason.subjects]
    if not found and any(figure in alike for figure in missed):
        return [reason for reason in known(name) if reason.label == SAME_OPERATORS]
    return found


def of_same_operators(rows: Iterable[Row], targets: Iterable[Target]) -> set[Figure]:
    """Return the figures against a file that has every operator of ours."""
    alike = {
        (row["activation"], THREADS[row["threads"]])
        for threads in THREADS
        for row in at_a_million(rows, threads)
        if _has_every_operator(row)
    }
    figures = (figure for target in targets for figure in target.figures)
    return {figure for figure in figures if (figure.subject, figure.column) in alike}


def _has_every_operator(row: Row) -> bool:
    peer = row["fastest_peer"]
    if peer is None:
        return False
    theirs, ours = (_computing(row["operators"][file]) for file in (peer, "cpu"))
    return all(theirs.get(kind, 0) >= count for kind, count in ours.items())


def _computing(kinds: Mapping[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in kinds.items() if kind not in IDLE}
