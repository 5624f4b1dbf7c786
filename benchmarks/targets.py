"""The targets of `targets.toml`, held against what was measured."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Row = Mapping[str, Any]

MILLION = 1 << 20
THREADS = {1: "1 thread", 2: "2 threads"}
SINGLE = {"plain_operator": "plain operator", "fastest_peer": "fastest peer"}
"""Against what single activations have targets of their own."""

_BEST = "model, against the best working peer"
_MEDIAN = "model, against the median working peer, for half of the models"
_EXPORT = "export time, against the fastest working peer"


@dataclass(frozen=True)
class Figure:
    """One measurement.

    Attributes:
        subject: What was measured: an activation, or a model.
        column: Where it stands in the table of its subjects, such as "2 threads".
        ratio: Our time divided by the other's.
    """

    subject: str
    column: str
    ratio: float


@dataclass(frozen=True)
class Target:
    """One target, and what was measured.

    Attributes:
        what: What is compared.
        bound: The largest ratio that meets it.
        figures: The measurements.
    """

    what: str
    bound: float
    figures: Sequence[Figure]

    @property
    def missed(self) -> list[Figure]:
        """The figures over the bound."""
        return [figure for figure in self.figures if figure.ratio > self.bound]


@dataclass(frozen=True)
class SingleTarget:
    """A target that one activation has of its own.

    Attributes:
        activation: Which.
        other: Against what: a value of `SINGLE`.
        bound: The largest ratio that meets it.
        ratio: The measurement; None where there is none.
    """

    activation: str
    other: str
    bound: float
    ratio: float | None

    @property
    def missed(self) -> list[Figure]:
        """The measurement, if it is over the bound."""
        if self.ratio is None or self.ratio <= self.bound:
            return []
        return [Figure(self.activation, self.other, self.ratio)]


@cache
def bounds() -> dict[str, dict[str, Any]]:
    """Return the targets by the name of the result that they are on."""
    path = Path(__file__).with_suffix(".toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def of_activations(rows: Sequence[Row]) -> list[Target]:
    """Return the targets on all exported activations."""
    return [
        Target(
            f"activation, 1M elements, {column}, against the fastest peer",
            bounds()["activations"]["fastest_peer"],
            _figures(at_a_million(rows, threads), "activation", column, fastest_peer),
        )
        for threads, column in THREADS.items()
    ]


def of_single_activations(rows: Sequence[Row]) -> list[SingleTarget]:
    """Return the targets that single activations have, at 1M elements on one thread."""
    by_name = {row["activation"]: row for row in at_a_million(rows, threads=1)}
    measures = {"plain_operator": _plain_operator, "fastest_peer": fastest_peer}
    return [
        SingleTarget(
            name,
            SINGLE[other],
            bound,
            measures[other](by_name[name]) if name in by_name else None,
        )
        for other, limits in bounds()["activations"]["single"].items()
        for name, bound in limits.items()
    ]


def of_models(rows: Sequence[Row]) -> list[Target]:
    """Return the targets on well-known models."""
    return [
        Target(what, bounds()["models"][name], _figures(rows, "model", column, measure))
        for name, column, what, measure in (
            ("best_peer", "best peer", _BEST, _best_peer),
            ("median_peer", "median peer", _MEDIAN, _median_peer),
            ("export_time", "export time", _EXPORT, _export_time),
        )
    ]


def of_training(rows: Sequence[Row]) -> list[Target]:
    """Return the targets on training steps."""

    def figures(eager: bool) -> list[Figure]:
        return [
            Figure(r["activation"], f"{r['backend']}, {r['mode']}", r["against"][0])
            for r in rows
            if (r["mode"] == "eager") == eager
        ]

    return [
        Target(
            f"training step, {mode}, against Keras's own or the formula",
            bound,
            figures(eager=mode == "eager"),
        )
        for mode, bound in bounds()["training"].items()
    ]


def at_a_million(rows: Iterable[Row], threads: int) -> list[Row]:
    """Return the rows of activations on which the targets are."""
    return [r for r in rows if r["elements"] == MILLION and r["threads"] == threads]


def _figures(
    rows: Iterable[Row],
    subject: str,
    column: str,
    measure: Callable[[Row], float | None],
) -> list[Figure]:
    return [
        Figure(row[subject], column, ratio)
        for row in rows
        if (ratio := measure(row)) is not None
    ]


def fastest_peer(row: Row) -> float | None:
    """Return our time against that of the fastest peer; None where none works."""
    peer = row["fastest_peer"]
    return None if peer is None else row["against"][peer][0]


def _plain_operator(row: Row) -> float:
    ratio: float = row["against"]["portable"][0]
    return ratio


def _against_peers(row: Row) -> list[float]:
    return [median for median, _, _ in row["against"].values()]


def _best_peer(row: Row) -> float | None:
    return max(_against_peers(row), default=None)


def _median_peer(row: Row) -> float | None:
    ratios = _against_peers(row)
    return float(np.median(ratios)) if ratios else None


def _export_time(row: Row) -> float | None:
    seconds = {name: file["export_seconds"] for name, file in row["files"].items()}
    peers = [s for name, s in seconds.items() if name in row["against"]]
    return seconds["keras-acts"] / min(peers) if peers else None
