"""A parity report as readable text."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from keras_acts.export.parity.report.report import OutputReport, ParityReport

_WIDTH = 80
_MOST_FINDINGS = 12
_COLUMNS = (
    "output",
    "provider",
    "verdict",
    "max abs",
    "max rel",
    "ULPs",
    "differ",
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
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(_COLUMNS[0], overflow="fold")
    for column in _COLUMNS[1:3]:
        table.add_column(column, no_wrap=True)
    for column in _COLUMNS[3:]:
        table.add_column(column, justify="right", no_wrap=True)
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
        f"{s.relative.max:.1e}",
        f"{s.max_ulps:.0f}" if s.max_ulps < 1e5 else f"{s.max_ulps:.0e}",
        f"{_count(s.mismatches)}/{_count(s.compared)}",
        f"{100 * s.worst.excess:.3g}%" if s.worst else "",
    ]


def _verdict(one: OutputReport) -> str:
    if not one.passed:
        return "FAILED"
    return "ok" if one.proven else "not proven"


def _count(n: int) -> str:
    return str(n) if n < 10**5 else f"{n:.0e}".replace("e+0", "e")


def _grouped(problems: Sequence[str]) -> list[str]:
    """Return each problem once, with the first run that has it and how many more do."""
    runs: dict[str, list[str]] = {}
    for problem in problems:
        run, colon, text = problem.partition(": ")
        runs.setdefault(text if colon else problem, []).append(run)
    return [
        text
        if found == [text]
        else f"{found[0]}: {text}"
        + (f" (and {len(found) - 1} more)" if found[1:] else "")
        for text, found in runs.items()
    ]


def _remarks(report: ParityReport) -> list[str]:
    lines = [f"problem: {one}" for one in report.problems]
    for one in report.outputs:
        lines += [f"problem: {one.name}: {text}" for text in _grouped(one.problems)]
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
    cost = report.quantization and report.quantization.summary  # its table is below
    lines += [f"note: {one}" for one in report.notes if one != cost]
    for found in report.findings[:_MOST_FINDINGS]:
        count = f"{found.mismatches} of {found.compared} elements differ"
        lines.append(f"not decisive: {found.output}, {found.case}: {count}")
    more = len(report.findings) - _MOST_FINDINGS
    lines += [f"not decisive: {more} more"] if more > 0 else []
    return lines + (
        [f"quantized:\n{report.quantization}"] if report.quantization else []
    )
