"""The third witness: whose rounding a difference is, by a copy of the model in float64.

Keras and the file differ by more than the table allows. Both are compared with the
model in float64, over all runs on that kind of input:

1. An element passes if the file is within the table of the exact answer: then the
   difference is Keras's own rounding.
2. It passes as well if the file's error is at most `WORSE` times the largest error of
   Keras itself, each as a multiple of what the table allows: then the computation loses
   that much in the model's dtype, whoever does it. The factor covers that the largest
   of a few rounding errors scatters.
3. A copy that is `MOST_ROUNDING` times the table away from the model is no witness: it
   may be another function, and all would pass. For a model of float64, which Keras
   computes in float32 on most backends, that is the table of float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from keras_acts.export.parity.compare import NoTwinError, Witness, rounding
from keras_acts.export.parity.inputs.case import ORDINARY, Case
from keras_acts.export.parity.report.report import Rounding
from keras_acts.export.parity.tolerances import PRECISIONS, Array, Tolerance

WORSE = 4.0
"""A file is clearly worse than the model beyond this multiple of its error."""

MOST_ROUNDING = 200.0
"""Beyond this multiple of the table, a copy in float64 is another function."""

Outputs = Callable[[Case], dict[str, Array]]
"""What gives the outputs of a run by name."""


@dataclass
class Hearing:
    """What float64 says of the runs on some kinds of inputs.

    Attributes:
        tolerance: The allowed error.
        magnitudes: The largest number of each output in a kind of case.
        input_scale: The largest input of a case, if sums lie between.
        expected: Keras's answers, by case and output.
        exact: Those in float64.
        losses: Keras's own error, as a multiple of what is allowed, by output and kind.
    """

    tolerance: Tolerance
    magnitudes: Mapping[tuple[str, str], float]
    input_scale: Callable[[Case], float]
    expected: dict[str, dict[str, Array]] = field(default_factory=dict)
    exact: dict[str, dict[str, Array]] = field(default_factory=dict)
    losses: dict[tuple[str, str], float] = field(default_factory=dict)
    _errors: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def hear(self, answers: Outputs, exact: Outputs, cases: Sequence[Case]) -> None:
        """Ask the model and its copy for their answers.

        Raises:
            NoTwinError: The copy fails, or is another function.
        """
        for case in cases:
            expected = self.expected[case.name] = answers(case)
            try:
                self.exact[case.name] = exact(case)
            except NoTwinError:
                raise
            except Exception as error:
                raise NoTwinError(f"the copy fails: {error}") from error
            for name, want in expected.items():
                loss = self._loss(case, name, want)
                before = self.losses.get((name, case.kind), 0.0)
                self.losses[name, case.kind] = max(before, loss)

    def _loss(self, case: Case, name: str, want: Array) -> float:
        if not np.isfinite(want).all():
            return 0.0
        exact = self.exact[case.name][name]
        loss = rounding(
            want.astype(np.float64) if want.dtype.kind == "f" else want,
            exact,
            self.tolerance.allowed(
                want.astype(np.float64),
                self.magnitudes[name, case.kind],
                self.magnitudes.get((name, ORDINARY), 0.0),
                self.input_scale(case),
            ),
        )
        if want.shape != exact.shape or not loss < self._most_rounding:
            raise NoTwinError(
                f"Keras's own float64 answer '{name}' is {loss:.3g} times the "
                "tolerance away from the model's"
            )
        return loss

    @property
    def _most_rounding(self) -> float:
        row = PRECISIONS[self.tolerance.precision]
        widened = PRECISIONS["float32"].rtol / row.rtol
        return MOST_ROUNDING * (widened if row is PRECISIONS["float64"] else 1.0)

    def witness(self, case: Case, name: str) -> Witness:
        """Return what decides on an output in a run."""
        slack = max(1.0, WORSE * self.losses.get((name, case.kind), 0.0))
        return Witness(self.exact[case.name][name], slack)

    def note(
        self, key: tuple[str, str], case: Case, expected: Array, got: Array
    ) -> None:
        """Note the errors of Keras and of the file on a provider."""
        exact = self.exact[case.name][key[0]]
        mine, theirs = _largest_error(expected, exact), _largest_error(got, exact)
        before = self._errors.get(key, (0.0, 0.0))
        self._errors[key] = (max(before[0], mine), max(before[1], theirs))

    def roundings(self) -> dict[tuple[str, str], Rounding]:
        """Return the largest errors against float64, by output and provider."""
        return {key: Rounding(*errors) for key, errors in self._errors.items()}


def _largest_error(array: Array, exact: Array) -> float:
    if array.shape != exact.shape:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(array.astype(np.float64) - exact.astype(np.float64))
    return float(error.max(initial=0.0, where=np.isfinite(error)))
