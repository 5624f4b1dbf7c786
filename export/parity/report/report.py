"""What `verify` returns: frozen records that print as a table and save as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keras_acts.export.parity.compare import Summary, Worst
from keras_acts.export.parity.draws.distribution import Distribution
from keras_acts.export.parity.report.plain import plain
from keras_acts.export.parity.report.quantization.records import QuantizationReport
from keras_acts.export.parity.tolerances import Tolerance

Status = Literal["passed", "failed", "not run", "not proven"]


@dataclass(frozen=True)
class ProviderReport:
    """Whether an onnxruntime provider ran, and if not, why not."""

    name: str
    ran: bool
    reason: str | None = None


@dataclass(frozen=True)
class Rounding:
    """The largest errors of an output against the same model in float64.

    They were measured on the kinds of inputs on which Keras and the file differ by more
    than the tolerance.
    """

    keras: float
    onnx: float


@dataclass(frozen=True)
class OutputReport:
    """One output on one provider, over all runs that decide the verdict.

    Attributes:
        name: Its name in Keras.
        onnx_name: Its name in the ONNX model.
        provider: The provider that computed it.
        dtype: Its dtype in the ONNX model.
        passed: Whether it agrees everywhere.
        tolerance: The allowed error.
        summary: Errors and the worst element.
        problems: What else is wrong, such as the dtype or the shape.
        variation: How much Keras's output varies across random inputs and the user's,
            as a fraction of its magnitude. An output that hardly varies proves nothing.
        distribution: How an output that draws random numbers compared; None for all
            others.
        proven: Whether the comparison proves anything: the output varies with the
            input, or its inner layers were compared.
        rounding: What float64 said, where it was asked whose rounding a difference is.
    """

    name: str
    onnx_name: str
    provider: str
    dtype: str
    passed: bool
    tolerance: Tolerance
    summary: Summary
    problems: tuple[str, ...] = ()
    variation: float = 0.0
    distribution: Distribution | None = None
    proven: bool = True
    rounding: Rounding | None = None


@dataclass(frozen=True)
class Finding:
    """A disagreement that is reported but does not decide the verdict."""

    case: str
    output: str
    provider: str
    mismatches: int
    compared: int
    worst: Worst | None


@dataclass(frozen=True)
class Divergence:
    """The first layer after which no value of the ONNX model agrees with Keras.

    Attributes:
        layer: Name of the layer or operation.
        kind: Its class.
        nearest: Name of the closest ONNX value, None if none has as many elements.
        max_abs: The largest error of that value.
        case: Name of the run that shows it.
    """

    layer: str
    kind: str
    nearest: str | None
    max_abs: float | None
    case: str


@dataclass(frozen=True)
class LayerError:
    """How far a layer's output is from the nearest value in the file.

    Attributes:
        layer: Name of the layer or operation.
        kind: Its class.
        excess: The error divided by the allowed error; None where the file has no value
            of that size.
    """

    layer: str
    kind: str
    excess: float | None


@dataclass(frozen=True)
class ParityReport:
    """The verdict on an ONNX model, and the evidence for it.

    Attributes:
        status: `"passed"`, `"failed"`, `"not run"`: nothing failed, but a provider
            that was asked for did not run; or `"not proven"`: nothing failed, but an
            output hardly varies with the input, or is never finite, and no inner layer
            could be compared in its place.
        engine: The engine that exported the file, according to its metadata; None for
            files of other tools.
        outputs: One record for each output and provider.
        providers: Which providers ran.
        problems: What made a comparison impossible, such as a missing input.
        warnings: What weakens the verdict or needs attention.
        notes: Where the file deliberately differs from the Keras model.
        findings: Disagreements on inputs that do not decide the verdict.
        divergence: The first diverging layer, if one was found.
        layers: The error of each layer, where they were compared.
        cases: Names of the runs.
        batch_sizes, seed, strict_edges: As given to `verify`.
        versions: The versions of the software used.
        quantization: What the quantization cost that `export_model` was asked for; the
            outputs above are those of the file in float, before it.
    """

    status: Status
    engine: str | None = None
    outputs: tuple[OutputReport, ...] = ()
    providers: tuple[ProviderReport, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    divergence: Divergence | None = None
    layers: tuple[LayerError, ...] = ()
    cases: tuple[str, ...] = ()
    batch_sizes: tuple[int, ...] = ()
    seed: int = 0
    strict_edges: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    quantization: QuantizationReport | None = None

    @property
    def passed(self) -> bool:
        """Whether every provider that was asked for ran, and agreed with Keras."""
        return self.status == "passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the report in JSON's types; NaN and infinity become strings."""
        return {"status": self.status, "passed": self.passed, **plain(self)}

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the report as JSON, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report as `.json`, `.xml` (JUnit) or `.html`, by the path's suffix.

        Raises:
            ValueError: The suffix is another one.
        """
        from keras_acts.export.parity.report.files import save

        save(self, path)

    def __str__(self) -> str:
        from keras_acts.export.parity.report.table import render

        return render(self)
