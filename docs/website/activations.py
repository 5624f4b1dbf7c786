"""A page for each activation, and the page that compares all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from generate import described

from keras_acts import catalogue
from keras_acts.catalogue import Activation
from website import advice, curves, mathml, playground, sources
from website.formulas import formula

FOLDER = "activations"
TEMPLATES = Path(__file__).resolve().parent / "templates"


def path(row: Activation) -> str:
    """Return the page of an activation, as a path below `docs/`."""
    return f"{FOLDER}/{row.name.lower()}.md"


def families() -> list[tuple[str, list[Activation]]]:
    """Return the rows of the catalogue by family."""
    rows = catalogue.activations().values()
    return [(name, list(some)) for name, some in groupby(rows, lambda r: r.family)]


def page(row: Activation) -> str:
    """Return the page of an activation, as Markdown."""
    typeset = formula(row.name, row.summary)
    parts = [f"# {row.name}", f"`{call(row)}`{{ .call }}"]
    if row.aliases:
        parts.append(f"Also named {', '.join(f'`{a}`' for a in row.aliases)}.")
    parts.append(f'<div class="formula" markdown="0">{typeset.markup}</div>')
    if typeset.note:
        parts.append(f"{_sentence(typeset.note)}")
    parts.append(_picture(row))
    if row.name in playground.NAMES:
        link = f'<a class="md-button" href="../../play/#{row.name}">'
        parts.append(f"{link}Move its parameters, draw it live</a>")
    _, *sections = described(row)
    parts += _headings(sections)
    parts += [*_choosing(row), *_elsewhere(row), *_operators(row), *_costs(row)]
    return "\n\n".join(parts) + "\n"


def call(row: Activation) -> str:
    """Return the layer's name and arguments, as its catalogue entry has them."""
    arguments = ", ".join(
        name if default is ... else f"{name}={default!r}"
        for name, default in row.defaults.items()
    )
    return f"layers.{row.name}({arguments})"


def _sentence(note: str) -> str:
    """Return a note with its formulas typeset."""
    pieces = note.split("`")
    pieces[1::2] = [mathml.inline(code) for code in pieces[1::2]]
    text = "".join(pieces)
    return f"{text[0].upper()}{text[1:]}." if text[0] != "<" else f"{text}."


def _picture(row: Activation) -> str:
    alt = f"{row.name} and its derivative"
    return "\n".join(
        f"![{alt}](images/{row.name.lower()}-{theme}.svg#only-{theme}){{ .plot }}"
        for theme in ("light", "dark")
    )


_TITLES = {
    "**Args**": "Parameters",
    "**Input shape**": "Shapes",
    "**Output shape**": "",
    "**Edge values**": "Edge values",
    "**Gradient**": "Gradient",
    "**Accuracy**": "Accuracy",
    "**Example**": "Example",
    "**Reference**": "Source",
}


def _headings(sections: Iterable[str]) -> Iterable[str]:
    """Yield the docstring's sections under headings of the page."""
    prefix = ""
    for part in sections:
        title = _TITLES.get(part)
        if title:
            yield f"## {title}"
        prefix = {"**Input shape**": "Input: ", "**Output shape**": "Output: "}.get(
            part, prefix if title is None else ""
        )
        if title is None:
            yield f"{prefix}{part}"
            prefix = ""


def _choosing(row: Activation) -> Iterable[str]:
    found = advice.choosing(row.name)
    if found:
        yield "## When to choose it"
        yield found


def _elsewhere(row: Activation) -> Iterable[str]:
    found = sources.names(row)
    if not found:
        return
    yield "## In other libraries"
    lines = ["| library | name | the same here | note |", "|---|---|---|---|"]
    for one in found:
        given = ", ".join(f"{k}={v!r}" for k, v in one.arguments.items())
        same = f"`{row.name}({given})`"
        lines.append(f"| {one.library} | `{one.name}` | {same} | {one.note} |")
    yield "\n".join(lines)


def _operators(row: Activation) -> Iterable[str]:
    yield "## In ONNX"
    lines = ["| target | operators |", "|---|---|"]
    for target, count in sources.operators(row).items():
        listed = ", ".join(f"{k} × {n}" if n > 1 else k for k, n in count.items())
        lines.append(f"| `{target}` | {listed} |")
    yield "\n".join(lines)
    yield (
        "Counted in the files that `to_onnx` makes of the layer with its defaults; "
        "[Export](../export.md) tells of the targets."
    )


def _costs(row: Activation) -> Iterable[str]:
    yield "## Cost"
    measured = sources.costs(row.name)
    if not measured:
        yield "Not measured yet."
        return
    lines = ["| elements | time in onnxruntime | ReLU's = 1 |", "|---|---|---|"]
    for one in measured:
        relu = one["against"].get("relu")
        times = f"{relu[0]:.2g}" if relu else "–"
        size = f"{one['elements']:,}"
        lines.append(f"| {size} | {one['microseconds']:,.0f} µs | {times} |")
    yield "\n".join(lines)
    yield f"One thread of {sources.measured_on()}; [how](../performance.md)."


_COLUMNS = (
    *("activation", "family", "range", "bounded", "monotonic", "continuous"),
    *("smooth", "f(0) = 0", "mean", "zero-centred", "learnable", "cost"),
)


def comparison(template: str) -> str:
    """Return the page with all curves and the table of what they do."""
    return template.replace("{{ curves }}", _gallery()).replace("{{ table }}", _table())


def _gallery() -> str:
    lines = ['<div class="gallery" markdown="0">']
    for _, rows in families():
        for row in rows:
            picture = curves.thumbnail(row.name)
            link = f"../{FOLDER}/{row.name.lower()}/"
            lines.append(f'<a href="{link}">{picture}<span>{row.name}</span></a>')
    return "\n".join([*lines, "</div>"])


def _table() -> str:
    head = "".join(
        f'<th><button type="button">{name}</button></th>' for name in _COLUMNS
    )
    body = [
        f"<tr>{''.join(_cells(row))}</tr>" for _, rows in families() for row in rows
    ]
    return (
        '<div class="sortable" markdown="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _cells(row: Activation) -> Iterable[str]:
    found = curves.properties(row.name)
    cost = sources.relative_cost(row.name)
    link = f"../{FOLDER}/{row.name.lower()}/"
    yield f'<td><a href="{link}">{row.name}</a></td>'
    yield f"<td>{row.family}</td>"
    ends = f"{_number(found.low)} … {_number(found.high)}"
    yield f'<td data-value="{_sortable(found.high - found.low)}">{ends}</td>'
    yield f"<td>{found.bounded}</td>"
    for fact in (found.monotonic, found.continuous, found.smooth, found.zero_at_zero):
        yield _fact(fact)
    yield f'<td data-value="{found.mean:.6f}">{_number(found.mean)}</td>'
    yield _fact(found.zero_centred)
    yield _fact(row.learnable)
    shown = "–" if cost is None else f"{cost:.1f}"
    order = _sortable(math.inf if cost is None else cost)
    yield f'<td data-value="{order}">{shown}</td>'


def _fact(holds: bool) -> str:
    return f'<td data-value="{int(holds)}">{"✓" if holds else "–"}</td>'


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value + 0.0:.3g}" if abs(value) >= 5e-4 else "0"
    return text.replace("-", "−")


def _sortable(value: float) -> str:
    return "1e300" if math.isinf(value) else f"{value:.6g}"


def files() -> Iterable[tuple[str, str | bytes]]:
    """Yield the pages and their pictures, each with its path below `docs/`."""
    for row in catalogue.activations().values():
        yield path(row), page(row)
        for theme, picture in zip(
            ("light", "dark"), curves.pictures(row.name), strict=True
        ):
            yield f"{FOLDER}/images/{row.name.lower()}-{theme}.svg", picture
    template = (TEMPLATES / "compare.tmpl").read_text(encoding="utf-8")
    yield "compare.md", comparison(template)
    yield "play.md", (TEMPLATES / "play.tmpl").read_text(encoding="utf-8")
