"""What the runs of a verification show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from keras_acts.export.parity import pairing
from keras_acts.export.parity.compare import Comparison, NoTwinError, Witness, compare
from keras_acts.export.parity.draws.runs import Draws
from keras_acts.export.parity.inner.proof import Unproven
from keras_acts.export.parity.inputs.case import ORDINARY, Case
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.base import Answer, Reference
from keras_acts.export.parity.report.report import (
    Divergence,
    Finding,
    ProviderReport,
    Rounding,
)
from keras_acts.export.parity.session import (
    UNOPTIMIZED,
    NotLoadableError,
    ProviderUnavailableError,
    Session,
    first_line,
    open_session,
)
from keras_acts.export.parity.strings import comparable
from keras_acts.export.parity.tolerances import Array, Tolerance, largest
from keras_acts.export.parity.verdict.cases import (
    decides,
    deciding,
    fed,
    is_decisive,
)
from keras_acts.export.parity.verdict.variation import LEAST_VARIATION, Variation
from keras_acts.export.parity.verdict.witness import Hearing

_LARGE = 1 << 29

Keep = Callable[[Case, dict[str, Answer], Collection[str]], None]


@dataclass
class Evidence:
    """The results of the runs so far.

    Attributes:
        reference: The Keras model or SavedModel, with its answers.
        onnx_model: The ONNX model to be judged.
        tolerance: How far an output may be from the reference's.
        strict: Whether every case decides, those at the edges too.
        keep: What gets each run with its answers, and the names of those that draw.
        problems: Why the model fails, apart from differences of outputs.
        warnings: What weakens the verdict or was left out.
        providers: For each provider whether it ran, and if not, why.
        findings: The differences in cases that do not decide.
        cases: The names of the cases that ran.
        refused: What Keras said of the cases that it refuses, by name.
        outputs: The ONNX name of each output of the reference.
        dtypes: The dtypes that each output of the reference may have.
        comparisons: The decisive results by run, for each output and provider.
        variation: How much each output varies across random inputs and the user's.
        magnitudes: The largest number of each output in a kind of case.
        rounding: What float64 says of an output on a provider, where it was asked.
        proven: How many inner layers prove the outputs that hardly vary.
        unproven: Why nothing proves an output, by its name.
        infinite: The outputs that are not finite in places on random inputs.
        divergence: The first layer that differs, once it was looked for.
        draws: The outputs that draw random numbers, compared apart.
    """

    reference: Reference
    onnx_model: OnnxModel
    tolerance: Tolerance
    strict: bool
    keep: Keep | None = None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    providers: list[ProviderReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    dtypes: dict[str, set[str]] = field(default_factory=dict)
    comparisons: dict[tuple[str, str], dict[str, Comparison]] = field(
        default_factory=dict
    )
    variation: dict[str, Variation] = field(default_factory=dict)
    magnitudes: dict[tuple[str, str], float] = field(default_factory=dict)
    rounding: dict[tuple[str, str], Rounding] = field(default_factory=dict)
    proven: int = 0
    unproven: dict[str, str] = field(default_factory=dict)
    infinite: set[str] = field(default_factory=set)
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
        return sessions + list(self._unoptimized(sessions, asked))

    def _unoptimized(
        self, sessions: Sequence[Session], asked: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[Session]:
        """Load the model once more on each provider, as it is in the file.

        Not the largest ones, which would take their memory twice.
        """
        if self.onnx_model.external or self.onnx_model.proto.ByteSize() > _LARGE:
            return
        for one in sessions:
            try:
                options = asked[one.provider]
                yield open_session(
                    self.onnx_model, one.provider, options, optimized=False
                )
            except (ProviderUnavailableError, NotLoadableError) as error:
                self.warnings.append(
                    f"{one.provider} refuses the model with optimizations off: {error}"
                )

    def gather(
        self,
        cases: Sequence[Case],
        inputs: list[pairing.PairedInput],
        sessions: Sequence[Session],
    ) -> None:
        """Run both sides on every case; ask float64, and inner layers, where needed."""
        names = {one.spec.name: one.port.name for one in inputs}
        self.warnings += pairing.renamings(names, "input")
        run = [case for case in self._accepted(cases, inputs, sessions) if sessions]
        if sessions and not self.cases:
            reason = next(iter(self.refused.values()), "no case")
            raise ValueError(
                "The model accepts no generated input: pass `inputs`. "
                f"Received: {reason}"
            )
        self._compare_draws(run, inputs, sessions)
        if self._failing(run):
            self._hear(run, inputs, sessions)
        failing = self._failing(run)
        if failing:
            self._localize(failing[0], inputs)
        elif sessions and not self.problems:
            self._prove(run, inputs)

    def _compare_draws(
        self,
        cases: Sequence[Case],
        inputs: list[pairing.PairedInput],
        sessions: Sequence[Session],
    ) -> None:
        """Compare the outputs that draw, on ordinary inputs and the user's."""
        ordinary = [case for case in cases if case.ordinary][:1]
        chosen = [*ordinary, *(case for case in cases if case.role == "decides")]
        optimized = [one for one in sessions if one.optimized]
        found = self.draws.compare(chosen, inputs, self.outputs, optimized)
        for case, name, provider, result in found:
            self.comparisons.setdefault((name, provider), {})[case.name] = result

    def _accepted(
        self,
        cases: Sequence[Case],
        inputs: list[pairing.PairedInput],
        sessions: Sequence[Session],
    ) -> Iterator[Case]:
        """Compare on every case, and yield those that Keras takes."""
        for case in cases if sessions else ():
            case = self._with_cast_inputs(case)
            expected = self._expected(case)
            if expected is not None:
                feeds = fed(case, inputs)
                for session in sessions:
                    if session.optimized or case.ordinary:
                        self._judge(case, expected, feeds, session)
                yield case

    def _failing(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases that decide, and differ."""
        names = {
            name.removesuffix(UNOPTIMIZED)
            for (output, _), runs in self.comparisons.items()
            for name, one in runs.items()
            if not one.passed and output not in self.draws.chances
        }
        return [case for case in cases if case.name in names]

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
            self.refused[case.name] = first_line(error)
            return None
        if not self.outputs:
            self._pair_outputs(answers)
            self.draws.look_for({n: x.array for n, x in answers.items()}, case.inputs)
        self.cases.append(case.name)
        if self.keep is not None:
            self.keep(case, answers, self.draws.chances)
        expected = {name: comparable(one.array) for name, one in answers.items()}
        for name, array in expected.items():
            if case.random or case.role == "decides":
                self.variation.setdefault(name, Variation()).add(array)
            for kind in case.kinds:
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
        hearing: Hearing | None = None,
    ) -> None:
        """Compare one run on one provider."""
        try:
            got = {n: comparable(x) for n, x in session.run(feeds).items()}
        except Exception as error:  # onnxruntime's errors have no public base class
            got, problem = {}, first_line(error)
        for name, onnx_name in self.outputs.items():
            key, run = (name, session.provider), f"{case.name}{session.suffix}"
            self.comparisons.setdefault(key, {})
            if not got:
                result = Comparison(run, problem=problem)
                self._record(case, expected[name], *key, result)
            if not got or name in self.draws.chances:
                continue
            want, have, partly = deciding(
                case, expected[name], got[onnx_name], strict=self.strict
            )
            if partly:
                self.infinite.add(name)
            witness = hearing.witness(case, name) if hearing else None
            result = self._compared(case, name, want, have, witness)
            result = replace(result, case=run)
            self._record(case, want, *key, result)
            if hearing and result.problem is None:
                hearing.note(key, case, expected[name], got[onnx_name])

    def _compared(
        self, case: Case, name: str, want: Array, have: Array, witness: Witness | None
    ) -> Comparison:
        return compare(
            case.name,
            want,
            have,
            self.tolerance,
            list(case.inputs.values()),
            magnitude=self.magnitudes[name, case.kind],
            output_scale=self.magnitudes.get((name, ORDINARY), 0.0),
            input_scale=self._input_scale(case),
            witness=witness,
        )

    def _input_scale(self, case: Case) -> float:
        return 1.0 if self.reference.standalone else case.largest_input

    def _record(
        self, case: Case, want: Array, name: str, provider: str, result: Comparison
    ) -> None:
        if decides(case, want, strict=self.strict):
            self.comparisons[name, provider][result.case] = result
        elif not result.passed:
            found = (result.mismatches, result.compared, result.worst)
            self.findings.append(Finding(result.case, name, provider, *found))

    def _hear(
        self,
        cases: Sequence[Case],
        inputs: list[pairing.PairedInput],
        sessions: Sequence[Session],
    ) -> None:
        """Let float64 decide whose rounding it is where an output differs.

        A tolerance that the user gave is theirs: then nothing else decides.
        """
        if self.tolerance.given:
            return
        kinds = {case.kind for case in self._failing(cases)}
        asked = [case for case in cases if case.kind in kinds and is_decisive(case)]
        hearing = Hearing(self.tolerance, self.magnitudes, self._input_scale)
        try:
            exact = self.reference.exact()
            hearing.hear(self._answers, lambda case: exact(case.inputs), asked)
        except NoTwinError as error:
            self.warnings.append(
                f"float64 could not decide whose rounding a difference is: {error}"
            )
            return
        for case in asked:
            expected = hearing.expected[case.name]
            for session in sessions:
                if session.optimized or case.ordinary:
                    self._judge(case, expected, fed(case, inputs), session, hearing)
        self.rounding = hearing.roundings()

    def _answers(self, case: Case) -> dict[str, Array]:
        answers = self.reference.answers(case.inputs)
        return {name: one.array for name, one in answers.items()}

    def _prove(self, cases: Sequence[Case], inputs: list[pairing.PairedInput]) -> None:
        """Compare inner layers where an output hardly varies, or is never finite."""
        decided = {name for (name, _), runs in self.comparisons.items() if runs}
        for name in self.outputs:
            if name not in decided:
                self.unproven[name] = self._no_number()
        self._warn_of_broken_weights()
        still = [
            name
            for name in decided
            if name not in self.draws.chances
            and name in self.variation
            and self.variation[name].share < LEAST_VARIATION
        ]
        ordinary = [case for case in cases if case.ordinary]
        if not still or not ordinary:
            return
        numbered = enumerate(self.outputs.items())
        asked = {i: onnx_name for i, (name, onnx_name) in numbered if name in still}
        try:
            self.proven = self.reference.prove(
                self.onnx_model, inputs, ordinary[0], self.tolerance, asked
            )
        except Unproven as error:
            self.unproven |= dict.fromkeys(sorted(still), str(error))
            if error.divergence is not None:
                self.divergence = error.divergence
                self.problems.append(str(error))
        except Exception as error:  # a failed proof must not hide the verdict
            reason = f"its inner layers were not compared: {first_line(error)}"
            self.unproven |= dict.fromkeys(sorted(still), reason)

    def _warn_of_broken_weights(self) -> None:
        """Name the weights behind an answer that is not finite in places."""
        if self.infinite - self.unproven.keys():
            broken = self.reference.broken_weights()
            if broken:
                names = ", ".join(sorted(self.infinite))
                self.warnings.append(
                    f"Keras's {names} is not finite in places: {', '.join(broken)}"
                )

    def _no_number(self) -> str:
        text = "Keras's answer is finite on no generated input"
        broken = self.reference.broken_weights()
        return f"{text}: {', '.join(broken)}" if broken else text

    def _localize(self, case: Case, inputs: list[pairing.PairedInput]) -> None:
        try:
            self.divergence = self.reference.divergence(
                self.onnx_model, inputs, case, self.tolerance
            )
        except Exception as error:  # a failed diagnosis must not hide the verdict
            runs = (one for x in self.comparisons.values() for one in x.values())
            reason = first_line(error)
            if reason not in {one.problem for one in runs}:
                self.warnings.append(
                    f"the first diverging layer was not found: {reason}"
                )
