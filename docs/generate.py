"""Write what the documentation derives from the catalogue and the converters.

    python docs/generate.py
    python docs/generate.py --check

Writes the pages, the tables and the files that are derived from the code (`pages`), or
says whether they are what it would write; a test does the same.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby, starmap
from pathlib import Path

import keras

from keras_acts import _elsewhere, catalogue
from keras_acts.advice import guide, weight_paths
from keras_acts.catalogue import Activation
from keras_acts.cli import entries
from keras_acts.export.convert import coverage
from keras_acts.export.parity.report.schema import schema

ROOT = Path(__file__).resolve().parents[1]
MARKERS = ("<!-- catalogue -->", "<!-- /catalogue -->")


def families() -> list[tuple[str, list[Activation]]]:
    """Return the rows of the catalogue by family."""
    rows = catalogue.activations().values()
    return [(name, list(group)) for name, group in groupby(rows, lambda r: r.family)]


def readme_table() -> str:
    """Return the families and their layers, a line each."""
    lines = ["| family | layers (* learnable) |", "|---|---|"]
    for family, rows in families():
        names = [
            " = ".join((row.name, *row.aliases)) + ("*" if row.learnable else "")
            for row in rows
        ]
        lines.append(f"| {family} | {', '.join(names)} |")
    return "\n".join(lines)


CATALOGUE = """\
# The activations

Made from the layers' docstrings by `python docs/generate.py`. `A → B` says what an
input gives, or the derivative there; lists are what lies along the axis. Tests hold the
layers to it on each backend, and to the accuracy, in float16, bfloat16, float32 and
float64: a unit in the last place is that of the result, an epsilon that of 1, and the
wider bound holds. The examples need these imports:

```python
import keras
import numpy as np

from keras_acts import layers
```"""


def catalogue_page() -> str:
    """Return the page with each activation's definition and behaviour."""
    parts = [CATALOGUE]
    for family, rows in families():
        parts.append(f"## {family}")
        parts += [entry(row) for row in rows]
    return "\n\n".join(parts) + "\n"


def entry(row: Activation) -> str:
    """Return one activation: its call, and its docstring as Markdown."""
    arguments = ", ".join(
        name if default is ... else f"{name}={default!r}"
        for name, default in row.defaults.items()
    )
    title = f"### {row.name}"
    call = f"`layers.{row.name}({arguments})`"
    return "\n\n".join([title, call, *described(row)])


def described(row: Activation) -> list[str]:
    """Return the paragraphs on an activation: its docstring, and how exact it is."""
    parts = [*markdown(inspect.getdoc(row.layer) or "")]
    place = parts.index("**Example**")
    return [*parts[:place], "**Accuracy**", str(row.accuracy), *parts[place:]]


def markdown(docstring: str) -> Iterable[str]:
    """Yield the paragraphs of a docstring, its sections as bold headings."""
    for block in docstring.split("\n\n"):
        lines = block.split("\n")
        if lines[0] in catalogue.SECTIONS:
            yield f"**{lines[0].removesuffix(':')}**"
            lines = inspect.cleandoc("\n".join(["", *lines[1:]])).split("\n")
            if re.match(r"\w+: ", lines[0]):
                lines = [re.sub(r"^(\w+): ", r"- `\1`: ", line) for line in lines]
            if lines[0].startswith(">>> "):
                lines = ["```pycon", *lines, "```"]
        yield "\n".join(lines)


COVERAGE = """\
# What exports

Made from the converters by `python docs/generate.py`, for Keras {version}. A state is
one of these:

{states}

A custom layer needs no converter where its `call` is made of the operations below.
Converters of your own are registered by `keras_acts.export.register_converter`.
Models of other libraries that were tried are in [thirdparty.md](thirdparty.md).

{counts}"""


def coverage_page() -> str:
    """Return the page with the state of each operation and layer."""
    tables = {
        "Operations of `keras.ops`": coverage.operations(),
        "Layers of `keras.layers`": coverage.layer_rows(),
    }
    counts = [
        f"{len(rows)} {title[0].lower()}{title[1:]}: "
        + ", ".join(f"{n} {state}" for state, n in counted(rows).items())
        + "."
        for title, rows in tables.items()
    ]
    head = COVERAGE.format(
        version=keras.__version__,
        states="\n".join(
            f"- *{s}*: {meaning}." for s, meaning in coverage.STATES.items()
        ),
        counts="\n\n".join(counts),
    )
    return "\n\n".join([head, *starmap(coverage_table, tables.items())]) + "\n"


def counted(rows: list[coverage.Row]) -> Counter[str]:
    """Return how many rows have each state."""
    return Counter(row.state for row in rows)


def coverage_table(title: str, rows: list[coverage.Row]) -> str:
    """Return one table of operations or layers."""
    lines = [f"## {title}", "", "| name | state |", "|---|---|"]
    for row in rows:
        reason = f": {row.reason}" if row.reason else ""
        lines.append(f"| `{row.name}` | {row.state}{reason} |")
    return "\n".join(lines)


NAMES = """\
# Names elsewhere

Made from `keras_acts/_elsewhere.py` by `python docs/generate.py`: what other libraries
call the activations, and the arguments with which our layer does what theirs does by
default. For the names of torch, JAX and TensorFlow a test compares both."""


def names_page() -> str:
    """Return the page with the names of other libraries."""
    parts = [NAMES]
    for library, rows in groupby(_elsewhere.NAMES, lambda row: row.library):
        lines = [f"## {library}", "", "| theirs | ours | note |", "|---|---|---|"]
        for row in sorted(rows, key=lambda row: row.name.lower()):
            given = ", ".join(f"{k}={v!r}" for k, v in row.arguments.items())
            ours = f"`{row.layer}({given})`" if row.layer else "none"
            lines.append(f"| `{row.name}` | {ours} | {row.note} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def with_table(readme: str) -> str:
    """Return the README with the table between its markers."""
    before, rest = readme.split(MARKERS[0])
    after = rest.split(MARKERS[1])[1]
    return f"{before}{MARKERS[0]}\n{readme_table()}\n{MARKERS[1]}{after}"


def with_tables(page: str, tables: Mapping[str, str]) -> str:
    """Return a page with tables between the markers of their names."""
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, rest = page.split(start)
        after = rest.split(end.removeprefix("\n"))[1]
        page = f"{before}{start}\n{table}\n{end}{after}"
    return page


def pages() -> dict[Path, str]:
    """Return each derived file and what has to stand in it."""
    readme = ROOT / "README.md"
    choosing = ROOT / "docs" / "choosing.md"
    devices = ROOT / "docs" / "devices.md"
    return {
        readme: with_table(readme.read_text(encoding="utf-8")),
        ROOT / "docs" / "catalogue.md": catalogue_page(),
        ROOT / "docs" / "coverage.md": coverage_page(),
        ROOT / "docs" / "report.schema.json": report_schema(),
        ROOT / "keras_acts" / "cli" / entries.FILE: command_line_entries(),
        ROOT / "docs" / "names.md": names_page(),
        choosing: with_tables(choosing.read_text(encoding="utf-8"), guide.tables()),
        devices: with_tables(
            devices.read_text(encoding="utf-8"), {"weights": weight_paths.table()}
        ),
    }


def command_line_entries() -> str:
    """Return the catalogue as the command line reads it."""
    rows = sorted(
        catalogue.activations().values(), key=lambda row: (row.family, row.name)
    )
    listed = [entries.entry(row) for row in rows]
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"


def report_schema() -> str:
    """Return the JSON Schema of a report."""
    return json.dumps(schema(), indent=2) + "\n"


def outdated() -> list[Path]:
    """Return the derived files that are not what they are derived from."""
    return [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """Write the derived files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        old = [str(path.relative_to(ROOT)) for path in outdated()]
        if old:
            print(f"Out of date: {', '.join(old)}. Run `python docs/generate.py`.")
        return 1 if old else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
