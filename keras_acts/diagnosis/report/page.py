"""A diagnosis as one HTML page that asks nothing of another host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

import numpy as np

from keras_acts.diagnosis.report.results import (
    ActivationStatistics,
    Diagnosis,
    Finding,
)
from keras_acts.diagnosis.report.table import (
    ACTIVATION_HEAD,
    LAYER_HEAD,
    activation_row,
    counted,
    layer_row,
    percent,
)

_MOST_CELLS = 128
"""Units that a strip shows; of more, neighbours are taken together."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Diagnosis: $title</title>
<style>
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fff; --faint: #5d6878;
  --line: #d9dee6; --good: #12703f; --bad: #a8321f; --box: #f5f7fa; --on: 0, 90, 156; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ef; --paper: #14181f;
  --faint: #9aa5b5; --line: #333b47; --good: #5fc48f; --bad: #f08a74; --box: #1d232c;
  --on: 110, 180, 240; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
.faint, caption { color: var(--faint); font-size: .9rem; }
caption { text-align: left; padding-bottom: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; white-space: normal; }
thead th { color: var(--faint); font-weight: 600; }
tr.bad td:first-child { font-weight: 600; }
section.finding { background: var(--box); border-left: 4px solid var(--bad);
  padding: .1rem 1rem .6rem; margin: 1rem 0; }
section.finding h3 { margin: .6rem 0 .2rem; font-size: 1rem; }
.strip { display: block; width: 12rem; height: 1.1rem; margin-left: auto;
  border: 1px solid var(--line); }
.strip rect { fill: rgb(var(--on)); }
</style>
</head>
<body>
<h1 class="$mood">$verdict</h1>
<p class="faint">$counted</p>
$findings
$activations
$layers
$uncovered
</body>
</html>
""")

_LEGEND = (
    "dead: units that gave 0 and passed no gradient for any sample; low, high: inputs "
    "where the function is flat, left and right; zero: outputs of exactly 0. The strip "
    "has a cell for each unit, the darker the more often it gives 0."
)
_LAYERS_LEGEND = (
    "Euclidean norms of the gradient and of the next update, each also as a share of "
    "the norm of the layer's weights. An update of about a thousandth is usual."
)


def page(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as an HTML page."""
    sick = {name for one in diagnosis.findings for name in one.where}
    loss = "" if diagnosis.loss is None else f", loss {diagnosis.loss:.4g}"
    return _PAGE.substitute(
        title="healthy" if diagnosis.healthy else "sick",
        mood="good" if diagnosis.healthy else "bad",
        verdict=escape(diagnosis.verdict[0].upper() + diagnosis.verdict[1:]),
        counted=(f"{counted(diagnosis)}{loss}, on {escape(diagnosis.backend)}"),
        findings="\n".join(map(_finding, diagnosis.findings)),
        activations=_table(
            "Activations",
            _LEGEND,
            (*ACTIVATION_HEAD, "zeros by unit"),
            [
                (one.name in sick, (*activation_row(one), _strip(one)))
                for one in diagnosis.activations
            ],
        ),
        layers=_table(
            "Gradients and updates",
            _LAYERS_LEGEND,
            LAYER_HEAD,
            [(one.name in sick, layer_row(one)) for one in diagnosis.layers],
        ),
        uncovered=_uncovered(diagnosis),
    )


def _finding(one: Finding) -> str:
    where = ", ".join(map(_code, one.where[:8])) + (" …" if len(one.where) > 8 else "")
    return (
        f'<section class="finding"><h3>{escape(one.kind.capitalize())}</h3>'
        f"<p>{escape(one.message)} Found in {where}.</p>{_list(one.remedy)}"
        f'<p class="faint">{escape("; ".join(one.sources))}</p></section>'
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_marked(one)}</li>" for one in items) + "</ul>"


def _marked(text: str) -> str:
    """Return text in which what stands in backquotes is code."""
    parts = text.split("`")
    return "".join(_code(x) if i % 2 else escape(x) for i, x in enumerate(parts))


def _table(
    title: str,
    legend: str,
    head: Sequence[str],
    rows: Sequence[tuple[bool, Sequence[str]]],
) -> str:
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{escape(x)}</th>' for x in head)
    lines = [
        ('<tr class="bad">' if bad else "<tr>")
        + "".join(f"<td>{x if x.startswith('<svg') else escape(x)}</td>" for x in row)
        + "</tr>"
        for bad, row in rows
    ]
    return (
        f'<h2>{title}</h2><div class="wide"><table><caption>{legend}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _strip(one: ActivationStatistics) -> str:
    """Return how often each unit gives 0, as a strip of cells."""
    parts = np.array_split(one.by_unit.sparsity, min(one.units, _MOST_CELLS))
    shares = [float(np.mean(part)) for part in parts]
    cells = "".join(
        f'<rect x="{i}" width="1.02" height="8" fill-opacity="{share:.2f}"/>'
        for i, share in enumerate(shares)
        if share >= 0.005
    )
    label = f"{percent(one.sparsity)} of the outputs are 0"
    return (
        f'<svg class="strip" viewBox="0 0 {len(shares)} 8" preserveAspectRatio="none" '
        f'role="img" aria-label="{label}"><title>{label}</title>{cells}</svg>'
    )


def _uncovered(diagnosis: Diagnosis) -> str:
    if not diagnosis.uncovered:
        return ""
    lines = [
        f"<li>{_code(name)}: {escape(reason)}</li>"
        for name, reason in diagnosis.uncovered.items()
    ]
    return f"<h2>Not watched</h2><ul>{''.join(lines)}</ul>"
