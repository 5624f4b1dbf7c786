"""`keras-acts list`: the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from keras_acts.cli import entries, options
from keras_acts.cli.codes import CommandError
from keras_acts.cli.encodings import printable
from keras_acts.cli.terminal import rendered, show


def run(
    family: Annotated[
        str | None, typer.Option("--family", help="Only this family.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the activations with their formulas, by family."""

    def work() -> tuple[Any, str]:
        rows = entries.read()
        families = list(dict.fromkeys(row["family"] for row in rows))
        if family is not None and family not in families:
            raise CommandError(
                f"--family must be one of {', '.join(families)}. Received: {family!r}"
            )
        rows = [row for row in rows if family in (None, row["family"])]
        return [entries.brief(row) for row in rows], _table(rows)

    show(work, as_json=as_json)


def _table(rows: list[Mapping[str, Any]]) -> str:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("family", no_wrap=True)
    table.add_column("layer")
    table.add_column("definition", overflow="fold")
    family = None
    for row in rows:
        name = " = ".join([row["name"], *row["aliases"]])
        name += "*" if row["learnable"] else ""
        shown = "" if row["family"] == family else row["family"]
        cells = (shown, name, printable(row["formula"]))
        table.add_row(*map(Text, cells))
        family = row["family"]
    learned = any(row["learnable"] for row in rows)
    note = "\n* has weights, always or on request" if learned else ""
    return rendered(table) + note
