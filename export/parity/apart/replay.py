"""Compare an ONNX file with recorded answers, without Keras.

Nothing here imports Keras, so that it serves where only onnxruntime is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.export.parity.compare import Comparison, compare, summarize
from keras_acts.export.parity.onnx_model import OnnxModel, Port
from keras_acts.export.parity.providers import Provider, known_providers
from keras_acts.export.parity.report.report import (
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
from keras_acts.export.parity.strings import comparable
from keras_acts.export.parity.tolerances import (
    PRECISIONS,
    Array,
    coarsest,
    largest,
    tolerance,
)
from keras_acts.export.parity.versions import versions

FORMAT = 1
CONTENTS = "keras_acts_recording"
"""The array that says as JSON what the others are."""

_HUGE = 1e30
"""Inputs from here on overflow in sums, and decide nothing."""


def key(run: int, side: str, name: str) -> str:
    """Return the name of an array in the file."""
    return f"{run}/{side}/{name}"


@dataclass(frozen=True)
class Recording:
    """Recorded inputs and answers.

    Attributes:
        precision: The coarsest float dtype in which the model computes.
        standalone: Whether it is a single activation.
        dtypes: The dtypes that each output may have.
        runs: The inputs and outputs of each run, by name.
    """

    precision: str
    standalone: bool
    dtypes: Mapping[str, Sequence[str]]
    runs: Sequence[tuple[dict[str, Array], dict[str, Array]]]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Recording:
        """Read what `verify --record` wrote.

        Raises:
            ValueError: The file is none, or of a newer version.
        """
        try:
            with (
                Path(path).open("rb") as stream,
                np.load(stream, allow_pickle=False) as file,
            ):
                contents = json.loads(str(file[CONTENTS]))
                arrays = {name: file[name] for name in file.files}
            if contents["format"] != FORMAT:
                raise LookupError(f"format {contents['format']}")
            runs = [_run(arrays, index) for index in range(contents["runs"])]
            dtypes = {str(k): list(v) for k, v in contents["dtypes"].items()}
            if contents["precision"] not in PRECISIONS or not runs:
                raise LookupError("no runs")
            return cls(
                contents["precision"], bool(contents["standalone"]), dtypes, runs
            )
        except Exception as error:
            raise ValueError(
                "Recorded answers must be a .npz file from `keras-acts verify "
                f"--record`. Received: {os.fspath(path)} ({type(error).__name__}: "
                f"{first_line(error)})"
            ) from error


def _run(
    arrays: Mapping[str, Array], index: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    def side(name: str) -> dict[str, Array]:
        prefix = key(index, name, "")
        return {
            k.removeprefix(prefix): x for k, x in arrays.items() if k.startswith(prefix)
        }

    return side("input"), side("output")


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
        cases=tuple(f"recorded {i}" for i in range(len(recording.runs))),
        batch_sizes=_batches(recording.runs),
        strict_edges=strict_edges,
        versions=versions(),
    )


def _batches(
    runs: Iterable[tuple[Mapping[str, Array], Mapping[str, Array]]],
) -> tuple[int, ...]:
    sizes = (x.shape[0] for inputs, _ in runs for x in inputs.values() if x.ndim)
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
        self._found: dict[tuple[str, str], list[Comparison]] = {}
        self._ports = _by_name([*recording.dtypes], model.outputs, "output")

    def run(self, session: Session) -> None:
        """Compare every run on one provider."""
        magnitudes = self._magnitudes()
        for index, (inputs, expected) in enumerate(self._recording.runs):
            ports = _by_name(list(inputs), self._model.inputs, "input")
            feeds = {
                ports[name].name: _fed(x, ports[name]) for name, x in inputs.items()
            }
            try:
                got, problem = session.run(feeds), None
            except Exception as error:  # onnxruntime's have no public base class
                got, problem = {}, first_line(error)
            for name, want in expected.items():
                if not self._decides(inputs, want):
                    continue
                case = f"recorded {index}"
                result = (
                    Comparison(case, problem=problem)
                    if problem
                    else compare(
                        case,
                        want,
                        comparable(got[self._ports[name].name]),
                        self._tolerance,
                        list(inputs.values()),
                        magnitude=magnitudes[_kind(inputs), name],
                        input_scale=self._input_scale(inputs),
                    )
                )
                self._found.setdefault((name, session.provider), []).append(result)

    def _decides(self, inputs: Mapping[str, Array], want: Array) -> bool:
        """Whether a run decides: its numbers are normal, and Keras's answer finite."""
        if self._strict:
            return True
        tiny = PRECISIONS[self._tolerance.precision].smallest_normal
        for x in (x for x in inputs.values() if x.dtype.kind == "f"):
            size = np.abs(x.astype(np.float64))
            if not (size < _HUGE).all() or ((size > 0) & (size < tiny)).any():
                return False
        return want.dtype.kind not in "fc" or bool(np.isfinite(want).all())

    def _input_scale(self, inputs: Mapping[str, Array]) -> float:
        floats = [largest(x) for x in inputs.values() if x.dtype.kind == "f"]
        return 1.0 if self._recording.standalone else max([1.0, *floats])

    def _magnitudes(self) -> dict[tuple[int, str], float]:
        """Return the largest number of each output on inputs of one scale."""
        found: dict[tuple[int, str], float] = {}
        for inputs, outputs in self._recording.runs:
            for name, x in outputs.items():
                at = (_kind(inputs), name)
                found[at] = max(found.get(at, 0.0), largest(x))
        return found

    def outputs(self) -> tuple[OutputReport, ...]:
        """Return the verdict on each output and provider."""
        reports = []
        for (name, provider), found in self._found.items():
            port, summary = self._ports[name], summarize(found)
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
                )
            )
        return tuple(reports)


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


def _kind(inputs: Mapping[str, Array]) -> int:
    """Return the power of ten of the largest input: runs of one scale."""
    size = max(
        (largest(x) for x in inputs.values() if x.dtype.kind == "f"), default=0.0
    )
    return int(np.floor(np.log10(size))) if size > 0 else 0
