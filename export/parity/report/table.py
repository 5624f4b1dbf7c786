"""A parity report as readable text."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table

from keras_acts.export.parity.report.report import OutputReport, ParityReport

_WIDTH = 250  # no limit: tables are as wide as their columns
_MOST_FINDINGS = 12
_COLUMNS = (
    "output",
    "provider",
    "verdict",
    "max abs",
    "mean abs",
    "p99 abs",
    "max rel",
    "ULPs",
    "mismatches",
    "of allowed",
)
_VERDICTS = {
    "passed": "parity OK",
    "failed": "parity FAILED",
    "not run": "NOT RUN",
    "not proven": "NOT PROVEN",
}


def render(report: ParityReport) -> str:
    """Return the report as text: the verdict, a table and remarks."""
    parts = [f"{_VERDICTS[report.status]}: {_scope(report)}"]
    if report.outputs:
        parts.append(_table(report))
    return "\n".join([*parts, *_remarks(report)])


def _scope(report: ParityReport) -> str:
    sizes = ", ".join(map(str, report.batch_sizes))
    runs = f"{len(report.cases)} runs, batch sizes {sizes}, seed {report.seed}"
    return f"{runs}, engine {report.engine}" if report.engine else runs


def _table(report: ParityReport) -> str:
    table = Table(*_COLUMNS[:3], box=box.SIMPLE_HEAD, pad_edge=False)
    for column in _COLUMNS[3:]:
        table.add_column(column, justify="right")
    for one in report.outputs:
        table.add_row(*_row(one))
    stream = io.StringIO()
    Console(file=stream, width=_WIDTH, color_system=None).print(table)
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return "\n".join(line for line in lines if line)


def _row(one: OutputReport) -> list[str]:
    s = one.summary
    return [
        one.name,
        one.provider.removesuffix("ExecutionProvider"),
        _verdict(one),
        f"{s.absolute.max:.1e}",
        f"{s.absolute.mean:.1e}",
        f"{s.absolute.p99:.1e}",
        f"{s.relative.max:.1e}",
        f"{s.max_ulps:.0f}" if s.max_ulps < 1e5 else f"{s.max_ulps:.0e}",
        f"{s.mismatches}/{s.compared}",
        f"{100 * s.worst.excess:.3g}%" if s.worst else "",
    ]


def _verdict(one: OutputReport) -> str:
    if not one.passed:
        return "FAILED"
    return "ok" if one.proven else "not proven"


def _remarks(report: ParityReport) -> list[str]:
    lines = [f"problem: {one}" for one in report.problems]
    for one in report.outputs:
        lines += [f"problem: {one.name}: {text}" for text in one.problems]
        if not one.passed and one.summary.worst:
            w = one.summary.worst
            lines.append(
                f"worst of {one.name}: {w.case}, index {list(w.index)}, input "
                f"{w.input}: expected {w.expected:.9g}, got {w.got:.9g}"
            )
        if one.rounding:
            r = one.rounding
            verdict = "no worse" if one.passed else "clearly worse, or differs"
            lines.append(
                f"float64 on {one.name}: Keras is {r.keras:.2g} off, the ONNX model "
                f"{r.onnx:.2g}: {verdict}"
            )
        if one.summary.class_agreement is not None:
            share = 100 * one.summary.class_agreement
            lines.append(f"classes of {one.name}: {share:.4g}% agree")
    if report.divergence:
        d = report.divergence
        near = f"; nearest is '{d.nearest}', {d.max_abs:.1e} off" if d.nearest else ""
        lines.append(f"first diverging layer: {d.layer} ({d.kind}){near}")
    lines += [f"not run: {p.name}: {p.reason}" for p in report.providers if not p.ran]
    lines += [f"warning: {one}" for one in report.warnings]
    lines += [f"note: {one}" for one in report.notes]
    for found in report.findings[:_MOST_FINDINGS]:
        count = f"{found.mismatches} of {found.compared} elements differ"
        lines.append(f"not decisive: {found.output}, {found.case}: {count}")
    more = len(report.findings) - _MOST_FINDINGS
    return lines + ([f"not decisive: {more} more"] if more > 0 else [])
