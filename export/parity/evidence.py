"""What the runs of a verification show, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from keras_acts.export.parity import pairing
from keras_acts.export.parity.compare import Comparison, compare, summarize
from keras_acts.export.parity.draws.runs import Draws
from keras_acts.export.parity.inputs import ORDINARY, Case
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.providers import conflicting_builds
from keras_acts.export.parity.reference.base import Answer, Reference
from keras_acts.export.parity.report.report import (
    Divergence,
    Finding,
    OutputReport,
    ParityReport,
    ProviderReport,
    Status,
)
from keras_acts.export.parity.session import (
    NotLoadableError,
    ProviderUnavailableError,
    Session,
    first_line,
    open_session,
)
from keras_acts.export.parity.tolerances import Array, Tolerance, coarsest, largest
from keras_acts.export.parity.variation import Variation
from keras_acts.export.parity.versions import versions

LEAST_VARIATION = 1e-3
"""Outputs that vary less than this fraction of their magnitude prove nothing."""


@dataclass
class Evidence:
    """The results of the runs so far.

    Attributes:
        reference: The Keras model or SavedModel, with its answers.
        onnx_model: The ONNX model to be judged.
        tolerance: How far an output may be from the reference's.
        strict: Whether every case decides, those at the edges too.
        problems: Why the model fails, apart from differences of outputs.
        warnings: What weakens the verdict or was left out.
        providers: For each provider whether it ran, and if not, why.
        findings: The differences in cases that do not decide.
        cases: The names of the cases that ran.
        outputs: The ONNX name of each output of the reference.
        dtypes: The dtypes that each output of the reference may have.
        comparisons: The decisive results, by output and provider.
        variation: How much each output varies across random inputs.
        magnitudes: The largest number of each output in a kind of case.
        divergence: The first layer that differs, once it was looked for.
        draws: The outputs that draw random numbers, compared apart.
    """

    reference: Reference
    onnx_model: OnnxModel
    tolerance: Tolerance
    strict: bool
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    providers: list[ProviderReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    dtypes: dict[str, set[str]] = field(default_factory=dict)
    comparisons: dict[tuple[str, str], list[Comparison]] = field(default_factory=dict)
    variation: dict[str, Variation] = field(default_factory=dict)
    magnitudes: dict[tuple[str, str], float] = field(default_factory=dict)
    divergence: Divergence | None = None
    draws: Draws = field(init=False)

    def __post_init__(self) -> None:
        self.draws = Draws(self.reference, self.tolerance)

    def open(self, asked: Mapping[str, Mapping[str, Any]]) -> list[Session]:
        """Load the ONNX model on each provider, and record those that can't."""
        sessions = []
        for name, options in asked.items():
            try:
                sessions.append(open_session(self.onnx_model, name, options))
                self.providers.append(ProviderReport(name, ran=True))
            except ProviderUnavailableError as error:
                self.providers.append(
                    ProviderReport(name, ran=False, reason=str(error))
                )
            except NotLoadableError as error:
                self.providers.append(
                    ProviderReport(name, ran=False, reason=str(error))
                )
                self.problems.append(f"{name} refuses the model: {error}")
        return sessions

    def gather(
        self,
        cases: Sequence[Case],
        inputs: list[pairing.PairedInput],
        sessions: Sequence[Session],
    ) -> None:
        """Run both sides on every case, and localize the first difference."""
        names = {one.spec.name: one.port.name for one in inputs}
        self.warnings += pairing.renamings(names, "input")
        failing: Case | None = None
        for case in cases if sessions else ():
            case = self._with_cast_inputs(case)
            expected = self._expected(case)
            if expected is None:
                continue
            feeds = {
                one.port.name: one.feed(case.inputs[one.spec.name]) for one in inputs
            }
            verdicts = [self._judge(case, expected, feeds, s) for s in sessions]
            failing = failing or (None if all(verdicts) else case)
        self._compare_draws(cases, inputs, sessions)
        nothing = not any(self.comparisons.values()) and not self.draws.chances
        if sessions and nothing:
            raise ValueError(
                "The model accepts no generated input: pass `inputs`. "
                f"Received: {self.warnings[-1] if self.warnings else 'no case'}"
            )
        if failing:
            self._localize(failing, inputs)

    def _compare_draws(
        self,
        cases: Sequence[Case],
        inputs: list[pairing.PairedInput],
        sessions: Sequence[Session],
    ) -> None:
        """Compare the outputs that draw, on ordinary inputs and the user's."""
        ran = [case for case in cases if case.name in self.cases]
        ordinary = [case for case in ran if case.ordinary][:1]
        chosen = [*ordinary, *(case for case in ran if case.role == "decides")]
        chosen = [self._with_cast_inputs(case) for case in chosen]
        found = self.draws.compare(chosen, inputs, self.outputs, sessions)
        for _case, name, provider, result in found:
            self.comparisons.setdefault((name, provider), []).append(result)

    def _with_cast_inputs(self, case: Case) -> Case:
        specs = {spec.name: spec for spec in self.reference.signature.inputs}
        cast_input = self.reference.cast_input
        inputs = {n: cast_input(x, specs[n]) for n, x in case.inputs.items()}
        return replace(case, inputs=inputs)

    def _expected(self, case: Case) -> dict[str, Array] | None:
        try:
            answers = self.reference.answers(case.inputs)
        except Exception as error:
            if not case.optional:
                raise
            self.warnings.append(f"Keras refuses '{case.name}': {first_line(error)}")
            return None
        if not self.outputs:
            self._pair_outputs(answers)
            self.draws.look_for({n: x.array for n, x in answers.items()}, case.inputs)
        self.cases.append(case.name)
        expected = {name: one.array for name, one in answers.items()}
        for name, array in expected.items():
            if case.random:
                self.variation.setdefault(name, Variation()).add(array)
            for kind in {case.kind, ORDINARY} if case.ordinary else {case.kind}:
                before = self.magnitudes.get((name, kind), 0.0)
                self.magnitudes[name, kind] = max(before, largest(array))
        return expected

    def _pair_outputs(self, answers: Mapping[str, Answer]) -> None:
        ports = [port.name for port in self.onnx_model.outputs]
        self.outputs = pairing.pair(list(answers), ports, "output")
        self.warnings += pairing.renamings(self.outputs, "output")
        self.dtypes = {name: set(one.dtypes) for name, one in answers.items()}

    def _judge(
        self,
        case: Case,
        expected: Mapping[str, Array],
        feeds: Mapping[str, Array],
        session: Session,
    ) -> bool:
        """Compare one run on one provider; return whether nothing decisive differs."""
        try:
            got = session.run(feeds)
        except Exception as error:  # onnxruntime's errors have no public base class
            got, problem = {}, first_line(error)
        agreed = True
        for name, onnx_name in self.outputs.items():
            if got and name in self.draws.chances:
                continue
            if got:
                want, have = expected[name], got[onnx_name]
                result = compare(
                    case.name,
                    want,
                    have,
                    self.tolerance,
                    list(case.inputs.values()),
                    magnitude=self.magnitudes[name, case.kind],
                    output_scale=self.magnitudes.get((name, ORDINARY), 0.0),
                    input_scale=1.0
                    if self.reference.standalone
                    else _largest_input(case),
                )
            else:
                result = Comparison(case.name, problem=problem)
            agreed &= self._record(case, expected[name], name, session.provider, result)
        return agreed

    def _record(
        self, case: Case, want: Array, name: str, provider: str, result: Comparison
    ) -> bool:
        decides = self.strict or case.role == "decides"
        if case.role == "decides where finite":
            decides = decides or bool(np.isfinite(want).all())
        decided = self.comparisons.setdefault((name, provider), [])
        if decides:
            decided.append(result)
            return result.passed
        if not result.passed:
            found = (result.mismatches, result.compared, result.worst)
            self.findings.append(Finding(case.name, name, provider, *found))
        return True

    def _localize(self, case: Case, inputs: list[pairing.PairedInput]) -> None:
        try:
            self.divergence = self.reference.divergence(
                self.onnx_model, inputs, case, self.tolerance
            )
        except Exception as error:  # a failed diagnosis must not hide the verdict
            reason = f"{type(error).__name__}: {first_line(error)}"
            self.warnings.append(f"the first diverging layer was not found: {reason}")

    def report(self, **settings: Any) -> ParityReport:
        """Return the verdict."""
        outputs = tuple(
            self._output(name, provider, found)
            for (name, provider), found in self.comparisons.items()
        )
        failed = self.problems or not all(one.passed for one in outputs)
        ran = all(provider.ran for provider in self.providers)
        status: Status = "failed" if failed else "passed" if ran else "not run"
        return ParityReport(
            status=status,
            engine=self.onnx_model.metadata.engine,
            outputs=outputs,
            providers=tuple(self.providers),
            problems=tuple(self.problems),
            warnings=(*self.warnings, *self.draws.warnings, *self._caveats()),
            notes=tuple(self._notes()),
            findings=tuple(self.findings),
            divergence=self.divergence,
            cases=tuple(self.cases),
            strict_edges=self.strict,
            versions=versions(),
            **settings,
        )

    def _output(
        self, name: str, provider: str, found: Sequence[Comparison]
    ) -> OutputReport:
        ports = {port.name: port for port in self.onnx_model.outputs}
        port = ports[self.outputs[name]]
        summary = summarize(found)
        problems = list(summary.problems)
        wrong = pairing.dtype_problem(self.dtypes[name], self.onnx_model, port)
        if wrong:
            problems.append(wrong)
        if not found:
            problems.append("Keras's answer is finite on no generated input")
        return OutputReport(
            name=name,
            onnx_name=port.name,
            provider=provider,
            dtype=port.dtype,
            passed=not problems and not summary.mismatches,
            tolerance=self.tolerance,
            summary=summary,
            problems=tuple(problems),
            variation=self.variation[name].share if name in self.variation else 0.0,
            distribution=self.draws.found.get((name, provider)),
        )

    def _notes(self) -> Iterator[str]:
        """Yield where the file deliberately differs from Keras."""
        yield from self.draws.notes()
        if self.onnx_model.metadata.in_float32:
            yield (
                "the ONNX model computes in float32 where onnxruntime lacks kernels: "
                f"{self.onnx_model.metadata.in_float32}"
            )

    def _caveats(self) -> Iterator[str]:
        """Yield what weakens the verdict."""
        if self.variation and all(
            v.share < LEAST_VARIATION for v in self.variation.values()
        ):
            yield "the outputs hardly vary across the inputs; agreement proves little"
        computed = self.reference.precision
        if coarsest([computed, self.tolerance.precision]) != computed:
            precision = self.tolerance.precision
            yield (
                f"the ONNX model computes in {precision}, the Keras model in "
                f"{computed}; it is held to {precision}"
            )
        both = conflicting_builds()
        if both:
            yield both


def _largest_input(case: Case) -> float:
    """Return the largest number in the float inputs, at least 1."""
    floats = (x for x in case.inputs.values() if x.dtype.kind == "f")
    return max([1.0, *map(largest, floats)])
