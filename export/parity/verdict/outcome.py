"""The verdict that follows from what the runs of a verification show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from keras_acts.export.parity import pairing
from keras_acts.export.parity.compare import Comparison, summarize
from keras_acts.export.parity.providers import conflicting_builds
from keras_acts.export.parity.report.report import OutputReport, ParityReport, Status
from keras_acts.export.parity.tolerances import coarsest
from keras_acts.export.parity.verdict.evidence import Evidence
from keras_acts.export.parity.versions import versions

_MOST_NAMED = 3


def report_of(evidence: Evidence, **settings: Any) -> ParityReport:
    """Return the verdict.

    1. A problem, or an output that differs, is a failure.
    2. Else a provider that did not run decides.
    3. Else an output that nothing proves does.
    """
    outputs = tuple(
        _output(evidence, name, provider, list(runs.values()))
        for (name, provider), runs in evidence.comparisons.items()
    )
    return ParityReport(
        status=_status(evidence, outputs),
        engine=evidence.onnx_model.metadata.engine,
        outputs=outputs,
        providers=tuple(evidence.providers),
        problems=tuple(evidence.problems),
        warnings=(*evidence.warnings, *evidence.draws.warnings, *_caveats(evidence)),
        notes=tuple(_notes(evidence)),
        findings=tuple(evidence.findings),
        divergence=evidence.divergence,
        cases=tuple(evidence.cases),
        strict_edges=evidence.strict,
        versions=versions(),
        **settings,
    )


def _status(evidence: Evidence, outputs: Sequence[OutputReport]) -> Status:
    if evidence.problems or not all(one.passed for one in outputs):
        return "failed"
    if not all(provider.ran for provider in evidence.providers):
        return "not run"
    return "not proven" if evidence.unproven else "passed"


def _output(
    evidence: Evidence, name: str, provider: str, found: Sequence[Comparison]
) -> OutputReport:
    ports = {port.name: port for port in evidence.onnx_model.outputs}
    port = ports[evidence.outputs[name]]
    summary = summarize(found)
    problems = list(summary.problems)
    wrong = pairing.dtype_problem(evidence.dtypes[name], evidence.onnx_model, port)
    if wrong:
        problems.append(wrong)
    varied = evidence.variation.get(name)
    return OutputReport(
        name=name,
        onnx_name=port.name,
        provider=provider,
        dtype=port.dtype,
        passed=not problems and not summary.mismatches,
        tolerance=evidence.tolerance,
        summary=summary,
        problems=tuple(problems),
        variation=varied.share if varied else 0.0,
        distribution=evidence.draws.found.get((name, provider)),
        proven=name not in evidence.unproven,
        rounding=evidence.rounding.get((name, provider)),
    )


def _notes(evidence: Evidence) -> Iterator[str]:
    """Yield where the file deliberately differs from Keras, and what proves it."""
    yield from evidence.draws.notes()
    metadata = evidence.onnx_model.metadata
    if metadata.in_float32:
        yield (
            "the ONNX model computes in float32 where onnxruntime lacks kernels: "
            f"{metadata.in_float32}"
        )
    if metadata.islands:
        yield (
            f"islands, converted by the exporter of Keras's backend: {metadata.islands}"
        )
    if evidence.proven:
        yield (
            "outputs that hardly vary were proven part by part, on inputs of their "
            f"own: {evidence.proven} parts"
        )


def _caveats(evidence: Evidence) -> Iterator[str]:
    """Yield what weakens the verdict."""
    if evidence.refused:
        named = list(evidence.refused)[:_MOST_NAMED]
        more = len(evidence.refused) - len(named)
        runs = ", ".join(f"'{name}'" for name in named)
        runs += f" and {more} more" if more else ""
        reason = next(iter(evidence.refused.values()))
        yield f"Keras refuses {runs}: {reason}"
    for name, reason in evidence.unproven.items():
        yield f"{name} is not proven: {reason}"
    computed = evidence.reference.precision
    if coarsest([computed, evidence.tolerance.precision]) != computed:
        precision = evidence.tolerance.precision
        yield (
            f"the ONNX model computes in {precision}, the Keras model in "
            f"{computed}; it is held to {precision}"
        )
    both = conflicting_builds()
    if both:
        yield both
