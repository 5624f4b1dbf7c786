"""A report as one HTML page that needs nothing else: no script, no font, no image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from keras_acts.export.parity.report.report import OutputReport, ParityReport

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem;
       padding: 0 1rem; color: #1b1b1b; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
.passed { color: #0a6b2d; } .failed { color: #b00020; } .open { color: #8a5a00; }
svg text { font: 12px system-ui, sans-serif; fill: #1b1b1b; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6;
      padding: .8rem; }
"""

_CLASSES = {"passed": "passed", "failed": "failed"}
_COLUMNS = (
    *("output", "provider", "verdict", "max abs", "mean abs", "p99 abs", "max rel"),
    *("ULPs", "mismatches", "of allowed"),
)

_BAR, _GAP, _LABEL, _WIDTH = 16, 6, 260, 420
_DECADES = 6
"""Powers of ten that a plot shows below its largest bar."""

_MOST_BARS = 200


def to_html(report: ParityReport) -> str:
    """Return a report as a self-contained page with its errors as plots."""
    style = _CLASSES.get(report.status, "open")
    sections = [
        f'<h1>Parity: <span class="{style}">{escape(report.status)}</span></h1>',
        f"<p>{escape(_scope(report))}</p>",
        *_outputs(report.outputs),
        *_layers(report),
        "<h2>As text</h2>",
        f"<pre>{escape(str(report))}</pre>",
        "<h2>Versions</h2>",
        _table(("package", "version"), report.versions.items()),
    ]
    body = "\n".join(sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>Parity: {escape(report.status)}</title>\n<style>{_STYLE}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _scope(report: ParityReport) -> str:
    sizes = ", ".join(map(str, report.batch_sizes))
    return f"{len(report.cases)} runs, batch sizes {sizes}, seed {report.seed}"


def _outputs(outputs: Sequence[OutputReport]) -> Iterable[str]:
    if not outputs:
        return
    yield "<h2>Outputs</h2>"
    yield _table(_COLUMNS, map(_row, outputs))
    yield "<h2>Error of each output, as a share of the allowed error</h2>"
    yield _plot(
        (
            f"{one.name} on {one.provider.removesuffix('ExecutionProvider')}",
            one.summary.worst.excess if one.summary.worst else 0.0,
        )
        for one in outputs
    )


def _layers(report: ParityReport) -> Iterable[str]:
    if not report.layers:
        return
    yield "<h2>Error of each layer, as a share of the allowed error</h2>"
    yield (
        "<p>Each layer's output against the nearest value in the file. A layer that "
        "the file has fused with the next one has no value there.</p>"
    )
    yield _plot((f"{one.layer} ({one.kind})", one.excess) for one in report.layers)


def _row(one: OutputReport) -> list[str]:
    s = one.summary
    return [
        one.name,
        one.provider.removesuffix("ExecutionProvider"),
        "ok" if one.passed else "FAILED",
        *(f"{x:.1e}" for x in (s.absolute.max, s.absolute.mean, s.absolute.p99)),
        f"{s.relative.max:.1e}",
        f"{s.max_ulps:.3g}",
        f"{s.mismatches}/{s.compared}",
        f"{100 * s.worst.excess:.3g}%" if s.worst else "",
    ]


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines = (
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>\n<tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"


def _plot(bars: Iterable[tuple[str, float | None]]) -> str:
    """Return horizontal bars on a logarithmic axis; the line is what is allowed."""
    shown = list(bars)[:_MOST_BARS]
    values = [x for _, x in shown if x is not None and 0 < x < math.inf]
    top = max([1.0, *values])
    high = math.ceil(math.log10(top))
    low = min(high - _DECADES, 0)

    def place(value: float) -> float:
        share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return min(share, 1.0) * _WIDTH

    parts = []
    for index, (label, value) in enumerate(shown):
        y = index * (_BAR + _GAP)
        middle = y + _BAR - 4
        parts.append(f'<text x="0" y="{middle}">{escape(_short(label))}</text>')
        if value is None:
            parts.append(f'<text x="{_LABEL}" y="{middle}">no such value</text>')
            continue
        finite = value if value < math.inf else 10.0**high
        color = "#b00020" if value > 1 else "#0a6b2d"
        parts.append(
            f'<rect x="{_LABEL}" y="{y}" width="{max(place(finite), 1):.1f}" '
            f'height="{_BAR}" fill="{color}"/>'
        )
        after = _LABEL + place(finite) + 6
        parts.append(f'<text x="{after:.1f}" y="{middle}">{100 * value:.3g}%</text>')
    height = len(shown) * (_BAR + _GAP)
    line = _LABEL + place(1.0)
    parts.append(
        f'<line x1="{line:.1f}" x2="{line:.1f}" y1="0" y2="{height}" stroke="#555" '
        'stroke-dasharray="4 3"/>'
    )
    width = _LABEL + _WIDTH + 80
    inner = "\n".join(parts)
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" width="100%">\n{inner}\n</svg>'
    )


def _short(label: str) -> str:
    return label if len(label) <= 38 else f"{label[:37]}…"
