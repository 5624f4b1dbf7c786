"""Runs of models that draw random numbers, for `distribution` to compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from keras_acts.export.parity.compare import Comparison
from keras_acts.export.parity.draws.distribution import (
    LEAST_RUNS,
    RUNS,
    SAMPLES,
    Distribution,
    compare_draws,
)
from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.reference.base import Reference
from keras_acts.export.parity.session import Session, first_line
from keras_acts.export.parity.tolerances import Array, Tolerance, largest
from keras_acts.export.trace import Chance

_SECONDS = 15.0
"""How long one side may run before fewer runs have to do."""

_SAMPLES = 48
_ELEMENTS = 20_000
"""How many samples a run has at most, and how many numbers in them."""

Outputs = dict[str, Array]


@dataclass
class Draws:
    """The outputs that draw random numbers, and how they compared.

    Attributes:
        reference: The Keras model or SavedModel.
        tolerance: How far equal numbers may be apart.
        chances: What outputs owe to chance, without those that owe it nothing.
        found: The comparisons, by output and provider.
        warnings: What could not be compared.
    """

    reference: Reference
    tolerance: Tolerance
    chances: dict[str, Chance] = field(default_factory=dict)
    found: dict[tuple[str, str], Distribution] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def look_for(self, answers: Outputs, inputs: Mapping[str, Array]) -> None:
        """Find the outputs that draw: in the trace, else by a second run."""
        chances = self.reference.chances()
        if chances is None or len(chances) != len(answers):
            again = self._answers(inputs)
            same = {n: np.array_equal(x, again[n]) for n, x in answers.items()}
            same |= {
                n: _same_but_nan(x, again[n]) for n, x in answers.items() if not same[n]
            }
            chances = [Chance.NONE if same[name] else Chance.NEW for name in answers]
        found = zip(answers, chances, strict=True)
        self.chances = {name: one for name, one in found if one is not Chance.NONE}

    def compare(
        self,
        cases: Sequence[Case],
        inputs: Sequence[PairedInput],
        names: Mapping[str, str],
        sessions: Sequence[Session],
    ) -> Iterator[tuple[Case, str, str, Comparison]]:
        """Run both sides many times; yield case, output, provider and comparison.

        Args:
            cases: The runs on ordinary inputs, the largest first, and on the user's.
            inputs: The inputs on both sides.
            names: The ONNX name of each output.
            sessions: The ONNX model on each provider.
        """
        for chance in sorted(set(self.chances.values()), key=lambda one: one.value):
            chosen = [name for name, one in self.chances.items() if one is chance]
            for case in cases:
                repeat = self._repeated if chance is Chance.NEW else self._rows
                enlarge = _enlarged if chance is Chance.NEW else _of_equal_samples
                used = enlarge(case, inputs)
                if used is None:
                    self._leave_out(chosen, case)
                    continue
                yield from self._compared(used, chosen, inputs, names, sessions, repeat)

    def _compared(
        self,
        case: Case,
        chosen: Sequence[str],
        inputs: Sequence[PairedInput],
        names: Mapping[str, str],
        sessions: Sequence[Session],
        repeat: Callable[[Callable[[], Outputs]], Outputs],
    ) -> Iterator[tuple[Case, str, str, Comparison]]:
        want = repeat(partial(self._answers, case.inputs))
        feeds = {one.port.name: one.feed(case.inputs[one.spec.name]) for one in inputs}
        for session in sessions:
            try:
                got = repeat(partial(session.run, feeds))
            except Exception as error:  # onnxruntime's have no public base class
                failed = Comparison(case.name, problem=first_line(error))
                for name in chosen:
                    yield case, name, session.provider, failed
                continue
            for name in chosen:
                expected = want[name]
                if self.chances[name] is Chance.FIXED and not _varies(expected):
                    self._leave_out([name], case)
                    continue
                found, compared = compare_draws(
                    case.name, expected, got[names[name]], self._rounding(expected)
                )
                if found is not None:
                    self.found[name, session.provider] = found
                yield case, name, session.provider, compared

    def _leave_out(self, names: Sequence[str], case: Case) -> None:
        self.warnings += [
            f"output '{name}' has fixed random numbers that can't be compared in "
            f"'{case.name}'"
            for name in names
        ]

    def _answers(self, inputs: Mapping[str, Array]) -> Outputs:
        return {n: one.array for n, one in self.reference.answers(inputs).items()}

    def _rounding(self, expected: Array) -> float:
        if expected.dtype.kind not in "fc":
            return 0.0
        magnitude = largest(expected)
        top = np.array([magnitude])
        return float(self.tolerance.allowed(top, magnitude, magnitude, 1.0)[0])

    @staticmethod
    def _repeated(run: Callable[[], Outputs]) -> Outputs:
        """Return the outputs of many runs, stacked."""
        begin, runs = time.monotonic(), [run()]
        while len(runs) < RUNS:
            late = time.monotonic() - begin > _SECONDS
            if late and len(runs) >= LEAST_RUNS:
                break
            runs.append(run())
        return {name: np.stack([one[name] for one in runs]) for name in runs[0]}

    @staticmethod
    def _rows(run: Callable[[], Outputs]) -> Outputs:
        """Return the outputs of one run, a sample for each row."""
        return run()

    def notes(self) -> Iterator[str]:
        """Yield what was compared by distribution."""
        names = dict.fromkeys(name for name, _ in self.found)
        for name in names:
            one = next(d for (other, _), d in self.found.items() if other == name)
            new = self.chances[name] is Chance.NEW
            over = f"{one.samples} {'runs' if new else 'equal samples'}"
            yield (
                f"output '{name}' draws random numbers: compared by distribution over "
                f"{over}; mean {one.expected.mean:.4g} in Keras, {one.got.mean:.4g} in "
                f"ONNX, deviation {one.expected.deviation:.4g} and "
                f"{one.got.deviation:.4g}, distance {one.distance:.2f} of "
                f"{one.allowed:.2f} allowed"
            )


def _same_but_nan(x: Array, y: Array) -> bool:
    floats = x.dtype.kind == "f" and x.shape == y.shape
    return floats and np.array_equal(x, y, equal_nan=True)


def _varies(samples: Array) -> bool:
    rows = samples.reshape(len(samples), -1)
    return bool(rows.size and (rows != rows[:1]).any())


def _has_any_batch(inputs: Sequence[PairedInput]) -> bool:
    return all(one.shape and one.shape[0] is None for one in inputs)


def _enlarged(case: Case, inputs: Sequence[PairedInput]) -> Case:
    """Return a case with its samples repeated, which shows more in as many runs."""
    if not _has_any_batch(inputs):
        return case
    sizes = [x.size / max(1, len(x)) for x in case.inputs.values()]
    count = min(_SAMPLES, int(_ELEMENTS / max([1.0, *sizes])))
    batch = max(len(x) for x in case.inputs.values())
    times = max(1, count // max(1, batch))
    rows = {name: np.repeat(x, times, axis=0) for name, x in case.inputs.items()}
    return replace(case, inputs=rows)


def _of_equal_samples(case: Case, inputs: Sequence[PairedInput]) -> Case | None:
    """Return a case of many samples like its first; None if the batch is known."""
    if not _has_any_batch(inputs):
        return None
    rows = {name: np.repeat(x[:1], SAMPLES, axis=0) for name, x in case.inputs.items()}
    return replace(case, inputs=rows)
