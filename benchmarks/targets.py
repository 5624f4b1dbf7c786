"""What the project wants to reach, held against what was measured.

Targets are ratios of the same run; a row of the table says which figures miss theirs,
and `WHY` what is known of the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MILLION = 1 << 20
TIE = 1.05
"""Twice a fair spread: two files of the same operators differ by as much."""

AGAINST_PLAIN = {
    "Mish": 0.30,
    "SoftShrink": 0.25,
    "HardShrink": 0.25,
    "Softplus": 0.50,
    "LogSigmoid": 0.50,
    "ELU": 1.0,
    "SELU": 1.0,
    "CELU": 1.0,
}
"""At 1M elements and one thread, against the plain operator."""

AGAINST_PEERS = {
    "Mish": 0.30,
    "PReLU": 0.55,
    "PReLU slopes on both sides of 1": 0.90,
    "Softplus": 0.50,
    "LogSigmoid": 0.50,
    "ELU": 1.0,
    "SELU": 1.0,
    "CELU": 1.0,
}
"""At 1M elements and one thread, against the fastest peer."""

WHY = {
    "Linear": "a file of no node at all returns its input; ours copies, since an "
    "output has a name of its own",
    "APReLU": "the spread of two threads; on one it is the faster file",
    "ChannelMaxout": "that file gathers and compares pairs too: it is our layer's",
    "LogSigmoid": "that file takes the logarithm of Sigmoid, which is -inf at -100",
    "Maxout": "as ChannelMaxout",
    "PReLU": "Keras's files have no PRelu, which takes ten times as long as ours, but "
    "five plain passes",
    "PReLU slopes on both sides of 1": "as PReLU: four passes against five",
    "Squareplus": "those files add x and a root, which cancels below 0; the quotient "
    "that does not takes twice as many passes",
}
"""Why a file misses its target, where the reason is known."""

WHY_MODELS = {
    "ResNet50": "1 is within the quartiles of the run",
}
"""Why a model is no faster than a peer's, where the reason is known."""

_FIRST = "half a second is the same for every model, first imports included"

WHY_EXPORTS = {"EfficientNetB0": _FIRST, "ResNet50": _FIRST}
"""Why an export misses its target, where the reason is known."""

_ALIKE = "the other file has the same operators, or more"

_TAILS = "the other loses its digits in a tail, of the value or of the gradient"
_NOISE = "the same operations: the spread of the run"
_LIMIT = "a pass clips -inf, which gives the limit where the other gives NaN"

WHY_STEPS = {
    "ChannelMaxout": _NOISE,
    "ELU": "TensorFlow's is 0 for small negative numbers, where ours is x",
    "GELU": "erfc, which keeps the left tail, and its density in passes of their own; "
    "torch's single kernel loses the tail",
    "GEGLU": "as GELU",
    "GLU": "as Sigmoid",
    "HardSigmoid": "Keras's own, but on JAX, where its gradient at both ends is a half",
    "HardSwish": "finite up to the largest number, where torch's overflows, and 0 at "
    "-inf",
    "LiSHT": "as Tanh",
    "Linear": "a step of no operation: what Keras takes to call a layer",
    "LogSigmoid": "as Softplus",
    "Maxout": _NOISE,
    "Mish": f"{_LIMIT}; on TensorFlow its quotient keeps the tail",
    "PELU": "far below 0 a clipped quotient keeps the gradients finite",
    "PReLU": "a choice by a condition, where Keras's adds both sides; not looked into",
    "ReGLU": _NOISE,
    "ReLU": _NOISE,
    "SELU": "as ELU",
    "SReLU": "little more than the spread; not looked into",
    "Sigmoid": f"a second exponential: {_TAILS}",
    "Snake": "the phase is kept finite, and a frequency of 0 has its limit",
    "Softplus": "TensorFlow's single kernel loses digits; graphs share the memory that "
    "these passes take anew",
    "Softsign": "infinities are cut off, which gives ±1 where the other gives NaN",
    "SparsePlus": "the gradient is right at ±inf, where the other is NaN",
    "SquaredReLU": _NOISE,
    "Squareplus": f"a quotient, not a sum that cancels: {_TAILS}",
    "SwiGLU": "as Swish",
    "Swish": _LIMIT,
    "TLU": "ties go to the threshold alone; the compiler keeps a mask for that sum, "
    "which its loop reads slowly",
    "Tanh": f"a second exponential: {_TAILS}",
    "TanhShrink": f"a series near 0: {_TAILS}",
}
"""Why a training step misses its target, where the reason is known."""


@dataclass(frozen=True)
class Finding:
    """One target, and what was measured.

    Attributes:
        what: What is compared.
        target: The largest ratio that meets it.
        measured: Each figure by its name, behind which " (…)" may say where.
        why: Reasons to miss it, by the name alone.
    """

    what: str
    target: float
    measured: Mapping[str, float]
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> dict[str, float]:
        """The figures over the target."""
        return {k: v for k, v in self.measured.items() if v > self.target}

    def cells(self) -> list[str]:
        """Return a row of the table."""
        if not self.measured:
            return [self.what, f"{self.target:.2f}", "–", "not measured"]
        met = len(self.measured) - len(self.missed)
        counted = f"{met} of {len(self.measured)}"
        return [self.what, f"{self.target:.2f}", counted, self._entries() or "none"]

    def _entries(self) -> str:
        """Return what misses the target, each name with its figures and reason once."""
        grouped: dict[str, list[str]] = {}
        for key, ratio in self.missed.items():
            name, _, where = key.partition(" (")
            figure = f"{ratio:.2f} ({where}" if where else f"{ratio:.2f}"
            grouped.setdefault(name, []).append(figure)
        entries = []
        for name, figures in grouped.items():
            reason = f": {self.why[name]}" if name in self.why else ""
            entries.append(f"{name} {', '.join(figures)}{reason}")
        return "; ".join(entries)


def of_activations(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield the targets on exported activations."""
    single = [r for r in rows if r["elements"] == MILLION and r["threads"] == 1]
    for threads in (1, 2):
        chosen = [
            r for r in rows if r["elements"] == MILLION and r["threads"] == threads
        ]
        yield Finding(
            f"activation, 1M elements, against the fastest peer, threads: {threads}",
            TIE,
            {r["activation"]: x for r in chosen if (x := fastest(r)) is not None},
            {**{r["activation"]: _ALIKE for r in chosen if _is_alike(r)}, **WHY},
        )
    plain = {r["activation"]: r["against"]["portable"][0] for r in single}
    for name, target in AGAINST_PLAIN.items():
        what = f"{name}, against the plain operator, one thread"
        yield Finding(what, target, _only(plain, name), WHY)
    peers = {r["activation"]: x for r in single if (x := fastest(r)) is not None}
    for name, target in AGAINST_PEERS.items():
        what = f"{name}, against the fastest peer, one thread"
        yield Finding(what, target, _only(peers, name), WHY)


def of_models(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield the targets on well-known models."""
    best, median = {}, {}
    for row in rows:
        against = [numbers[0] for numbers in row["against"].values()]
        if against:
            best[row["model"]] = max(against)
            median[row["model"]] = float(np.median(against))
    yield Finding("model, against the best working peer", 1.0, best, WHY_MODELS)
    yield Finding("model, against the median working peer (half of them)", 0.8, median)
    exports = {
        row["model"]: row["files"]["keras-acts"]["export_seconds"] / min(others)
        for row in rows
        if (others := _seconds_of_working_peers(row))
    }
    what = "export time, against the fastest working peer"
    yield Finding(what, 0.2, exports, WHY_EXPORTS)


def of_training(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield the targets on training steps."""
    for what, target, eager in (("compiled", TIE, False), ("eager", 1.3, True)):
        yield Finding(
            f"training step, {what}, against Keras's own or the formula",
            target,
            {
                f"{r['activation']} ({r['backend']}, {r['mode']})": r["against"][0]
                for r in rows
                if (r["mode"] == "eager") == eager
            },
            WHY_STEPS,
        )


def fastest(row: Mapping[str, Any]) -> float | None:
    """Return our time against that of the fastest peer; None where none works."""
    peer = row["fastest_peer"]
    return None if peer is None else row["against"][peer][0]


def _is_alike(row: Mapping[str, Any]) -> bool:
    """Tell whether the fastest peer's file has every operator that ours has."""
    kinds, peer = row["operators"], row["fastest_peer"]
    if peer is None:
        return False
    theirs = _computing(kinds[peer])
    return all(theirs.get(k, 0) >= n for k, n in _computing(kinds["cpu"]).items())


def _computing(kinds: Mapping[str, int]) -> dict[str, int]:
    idle = {"Cast", "Constant", "Identity"}  # gone when onnxruntime has loaded them
    return {kind: count for kind, count in kinds.items() if kind not in idle}


def _only(figures: Mapping[str, float], name: str) -> dict[str, float]:
    return {name: figures[name]} if name in figures else {}


def _seconds_of_working_peers(row: Mapping[str, Any]) -> list[float]:
    files: Iterable[tuple[str, Any]] = row["files"].items()
    return [file["export_seconds"] for name, file in files if name in row["against"]]
