"""Compare an ONNX file with recorded answers, without Keras.

The rules are those of a verification beside the model: the same runs decide, within the
same tolerances, and the recorded answers in float64 tell whose rounding a difference
is. Nothing here imports Keras, so that it serves where only onnxruntime is installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keras_acts.export.parity.apart.recorded import Recording, Run
from keras_acts.export.parity.compare import (
    Comparison,
    NoTwinError,
    Witness,
    compare,
    summarize,
)
from keras_acts.export.parity.inputs.case import ORDINARY, Case
from keras_acts.export.parity.onnx_model import OnnxModel, Port
from keras_acts.export.parity.providers import Provider, known_providers
from keras_acts.export.parity.report.report import (
    OutputReport,
    ParityReport,
    ProviderReport,
    Rounding,
    Status,
)
from keras_acts.export.parity.session import (
    NotLoadableError,
    ProviderUnavailableError,
    Session,
    first_line,
    open_session,
)
from keras_acts.export.parity.strings import comparable
from keras_acts.export.parity.tolerances import Array, coarsest, largest, tolerance
from keras_acts.export.parity.verdict.cases import (
    decides,
    deciding,
    is_decisive,
)
from keras_acts.export.parity.verdict.witness import Hearing
from keras_acts.export.parity.versions import versions

_Key = tuple[str, str]
"""An output and a provider."""


def verify_recorded(
    recorded: str | os.PathLike[str],
    onnx_model: Any,
    *,
    providers: Sequence[Provider] = ("CPUExecutionProvider",),
    rtol: float | None = None,
    atol: float | None = None,
    strict_edges: bool = False,
) -> ParityReport:
    """Compare an ONNX model with answers that `keras-acts verify --record` wrote.

    Raises:
        ValueError: The file has none, or a provider is unknown.
    """
    recording = Recording.read(recorded)
    theirs = OnnxModel.read(onnx_model)
    replay = _Replay(recording, theirs, rtol, atol, strict_edges)
    ran, problems = [], []
    for name, options in known_providers(providers).items():
        try:
            replay.run(open_session(theirs, name, options))
            ran.append(ProviderReport(name, ran=True))
        except ProviderUnavailableError as error:
            ran.append(ProviderReport(name, ran=False, reason=str(error)))
        except NotLoadableError as error:
            ran.append(ProviderReport(name, ran=False, reason=str(error)))
            problems.append(f"{name} refuses the model: {error}")
        except KeyError as error:
            problems.append(f"the ONNX model lacks {error.args[0]}")
    replay.hear()
    outputs = replay.outputs()
    failed = problems or not all(one.passed for one in outputs)
    missing = not all(one.ran for one in ran)
    status: Status = "failed" if failed else "not run" if missing else "passed"
    return ParityReport(
        status=status,
        engine=theirs.metadata.engine,
        outputs=outputs,
        providers=tuple(ran),
        problems=tuple(dict.fromkeys(problems)),
        warnings=tuple(replay.warnings),
        cases=tuple(run.case.name for run in recording.runs),
        batch_sizes=_batches(recording.runs),
        strict_edges=strict_edges,
        versions=versions(),
    )


def _batches(runs: Iterable[Run]) -> tuple[int, ...]:
    sizes = (x.shape[0] for run in runs for x in run.case.inputs.values() if x.ndim)
    return tuple(dict.fromkeys(sizes))


class _Replay:
    """The comparisons by output and provider."""

    def __init__(
        self,
        recording: Recording,
        model: OnnxModel,
        rtol: float | None,
        atol: float | None,
        strict: bool,
    ) -> None:
        self._recording = recording
        self._model = model
        self._strict = strict
        precision = coarsest([recording.precision, *model.dtypes])
        self._tolerance = tolerance(precision, rtol, atol)
        self._magnitudes = _magnitudes(recording.runs)
        self._got: dict[_Key, dict[str, Array]] = {}
        self._found: dict[_Key, dict[str, Comparison]] = {}
        self._roundings: dict[_Key, Rounding] = {}
        self._ports = _by_name([*recording.dtypes], model.outputs, "output")
        self.warnings = [
            f"output '{name}' draws random numbers, and recorded answers are one draw"
            for name in recording.drawn
        ]

    def run(self, session: Session) -> None:
        """Compare every run on one provider."""
        for run in self._recording.runs:
            inputs = run.case.inputs
            ports = _by_name(list(inputs), self._model.inputs, "input")
            feeds = {
                ports[name].name: _fed(x, ports[name]) for name, x in inputs.items()
            }
            try:
                got, problem = session.run(feeds), None
            except Exception as error:  # onnxruntime's have no public base class
                got, problem = {}, first_line(error)
            for name, want in run.answers.items():
                at = (name, session.provider)
                if problem is None:
                    array = comparable(got[self._ports[name].name])
                    self._got.setdefault(at, {})[run.case.name] = array
                    self._judge(run.case, want, at)
                elif decides(run.case, want, strict=self._strict):
                    failed = Comparison(run.case.name, problem=problem)
                    self._found.setdefault(at, {})[run.case.name] = failed

    def _judge(
        self, case: Case, expected: Array, at: _Key, witness: Witness | None = None
    ) -> None:
        """Compare an output of a run, where that decides."""
        got = self._got[at][case.name]
        want, have, _ = deciding(case, expected, got, strict=self._strict)
        if not decides(case, want, strict=self._strict):
            return
        self._found.setdefault(at, {})[case.name] = compare(
            case.name,
            want,
            have,
            self._tolerance,
            list(case.inputs.values()),
            magnitude=self._magnitudes[at[0], case.kind],
            output_scale=self._magnitudes.get((at[0], ORDINARY), 0.0),
            input_scale=self._input_scale(case),
            witness=witness,
        )

    def hear(self) -> None:
        """Let float64 decide whose rounding it is where an output differs."""
        differ = {
            name
            for runs in self._found.values()
            for name, one in runs.items()
            if not one.passed
        }
        runs = {run.case.name: run for run in self._recording.runs}
        kinds = {runs[name].case.kind for name in differ}
        asked = [
            run
            for run in self._recording.runs
            if run.case.kind in kinds and is_decisive(run.case)
        ]
        if not asked or self._tolerance.given:
            return
        hearing = Hearing(self._tolerance, self._magnitudes, self._input_scale)
        try:
            if self._recording.no_float64:
                raise NoTwinError(self._recording.no_float64)
            hearing.hear(
                lambda case: runs[case.name].answers,
                lambda case: runs[case.name].exact,
                [run.case for run in asked],
            )
        except NoTwinError as error:
            self.warnings.append(
                f"float64 could not decide whose rounding a difference is: {error}"
            )
            return
        for run in asked:
            for at, arrays in self._got.items():
                if run.case.name in arrays:
                    want = run.answers[at[0]]
                    self._judge(run.case, want, at, hearing.witness(run.case, at[0]))
                    hearing.note(at, run.case, want, arrays[run.case.name])
        self._roundings = hearing.roundings()

    def _input_scale(self, case: Case) -> float:
        return 1.0 if self._recording.standalone else case.largest_input

    def outputs(self) -> tuple[OutputReport, ...]:
        """Return the verdict on each output and provider."""
        reports = []
        for (name, provider), found in self._found.items():
            port, summary = self._ports[name], summarize([*found.values()])
            problems = list(summary.problems)
            allowed = {*self._recording.dtypes[name], self._model.metadata.dtype}
            if "bfloat16" in allowed:
                allowed.add("float32")
            if port.dtype not in allowed:
                expected = " or ".join(self._recording.dtypes[name])
                problems.append(f"another dtype: expected {expected}, got {port.dtype}")
            reports.append(
                OutputReport(
                    name=name,
                    onnx_name=port.name,
                    provider=provider,
                    dtype=port.dtype,
                    passed=not problems and not summary.mismatches,
                    tolerance=self._tolerance,
                    summary=summary,
                    problems=tuple(problems),
                    rounding=self._roundings.get((name, provider)),
                )
            )
        return tuple(reports)


def _magnitudes(runs: Iterable[Run]) -> dict[tuple[str, str], float]:
    """Return the largest number of each output on inputs of one kind."""
    found: dict[tuple[str, str], float] = {}
    for run in runs:
        for name, x in run.answers.items():
            for at in ((name, kind) for kind in run.case.kinds):
                found[at] = max(found.get(at, 0.0), largest(x))
    return found


def _by_name(names: Sequence[str], ports: Sequence[Port], what: str) -> dict[str, Port]:
    """Pair by name, else by order.

    Raises:
        ValueError: The model has another number of them.
    """
    if len(names) != len(ports):
        raise ValueError(
            f"The ONNX model must have the {what}s {', '.join(names)} of the recorded "
            f"answers. Received: {', '.join(port.name for port in ports)}"
        )
    present = {port.name: port for port in ports}
    rest = iter([port for port in ports if port.name not in names])
    return {name: present[name] if name in present else next(rest) for name in names}


def _fed(array: Array, port: Port) -> Array:
    """Return an array as the ONNX model takes it, channels first where it wants so."""
    if array.ndim > 2 and port.shape is not None:
        fits = _fits(array.shape, port.shape)
        turned = np.moveaxis(array, -1, 1)
        if not fits and _fits(turned.shape, port.shape):
            array = turned
    return np.ascontiguousarray(array, dtype=port.numpy_dtype)


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(
        n is None or n == size for size, n in zip(shape, wanted, strict=True)
    )
