"""A report of a quantization as readable text of 80 columns."""

from __future__ import annotations

import io
import textwrap

from rich import box
from rich.console import Console
from rich.table import Table

from keras_acts.export.parity.report.quantization.records import (
    OutputAnswers,
    QuantizationReport,
)

_WIDTH = 80
_MOST_NODES = 8
_MOST_KEPT = 8
_VERDICTS = {
    "agrees": "answers AGREE",
    "differs": "answers DIFFER",
    "not proven": "NOT PROVEN",
}


def render(report: QuantizationReport) -> str:
    """Return the report as text: verdict, outputs, size, speed, nodes, remarks."""
    parts = [
        f"{_VERDICTS[report.status]}: {report.samples} samples, {report.measured_on}",
        f"method: {report.method}",
        _outputs(report),
        _size(report),
        *_speed(report),
        *_search(report),
        *_nodes(report),
        *_kept(report),
        *(f"warning: {one}" for one in report.warnings),
    ]
    return "\n".join(_wrapped(part) for part in parts if part)


def _wrapped(part: str) -> str:
    if "\n" in part or len(part) <= _WIDTH:
        return part
    return textwrap.fill(part, _WIDTH, subsequent_indent="  ", break_long_words=False)


def _outputs(report: QuantizationReport) -> str:
    table = _table("output", "verdict", "classes agree", "95 % interval", "error")
    for one in report.outputs:
        verdict = "ok" if one.agrees else "DIFFERS"
        table.add_row(one.name, verdict, *_classes(one), f"{100 * one.error:.2g} %")
    return _printed(table)


def _classes(one: OutputAnswers) -> tuple[str, str]:
    if one.agreement is None or one.interval is None:
        return "", ""
    low, high = (100 * x for x in one.interval)
    share = f"{100 * one.agreement:.2f} % of {one.classes}"
    return share, f"{low:.2f} to {high:.2f} %"


def _size(report: QuantizationReport) -> str:
    before, after = report.bytes_before, report.bytes_after
    return f"size: {after:,} of {before:,} bytes, ratio {report.size_ratio:.2f}"


def _speed(report: QuantizationReport) -> list[str]:
    if report.speed is None:
        return []
    s = report.speed
    low, high = s.quartiles
    return [
        f"time: {s.after_ms:.3g} of {s.before_ms:.3g} ms for {s.samples} samples, "
        f"ratio {s.ratio:.2f} (quartiles {low:.2f} to {high:.2f}, {s.runs} pairs)",
        f"processor: {report.processor}",
    ]


def _search(report: QuantizationReport) -> list[str]:
    if not report.trials:
        return []
    steps = "; ".join(
        f"{one.kept} in float: {100 * one.disagreement:.2f} % of classes differ, "
        f"error {100 * one.error:.2g} %"
        for one in report.trials
    )
    return [f"search: {steps}"]


def _nodes(report: QuantizationReport) -> list[str]:
    if not report.nodes:
        return [f"quantized: {report.quantized} nodes"]
    ranked = sorted(report.nodes, key=lambda one: -one.error)[:_MOST_NODES]
    table = _table("node with the largest errors", "operator", "error")
    for one in ranked:
        table.add_row(one.name, one.operator, f"{100 * one.error:.2g} %")
    return [f"quantized: {report.quantized} nodes", _printed(table)]


def _kept(report: QuantizationReport) -> list[str]:
    if not report.kept:
        return []
    lines = [
        f"in float: {one.name} ({one.operator}), {one.bytes:,} bytes: {one.reason}"
        for one in report.kept[:_MOST_KEPT]
    ]
    more = report.kept[_MOST_KEPT:]
    if more:
        size = sum(one.bytes for one in more)
        lines.append(f"in float: {len(more)} more nodes, {size:,} bytes")
    return lines


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _printed(table: Table) -> str:
    stream = io.StringIO()
    Console(file=stream, width=_WIDTH, color_system=None).print(table)
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return "\n".join(line for line in lines if line)
