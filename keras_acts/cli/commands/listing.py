"""`keras-acts list`: the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from keras_acts.catalogue import Activation, activations
from keras_acts.cli import options
from keras_acts.cli.codes import Code
from keras_acts.cli.terminal import print_error, print_json, stdout


def run(
    family: Annotated[
        str | None, typer.Option("--family", help="Only this family.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the activations with their formulas, by family."""
    rows = sorted(activations().values(), key=lambda row: (row.family, row.name))
    families = list(dict.fromkeys(row.family for row in rows))
    if family is not None and family not in families:
        known = ", ".join(families)
        print_error(f"--family must be one of {known}. Received: {family!r}")
        raise typer.Exit(Code.BAD_INPUT)
    rows = [row for row in rows if family in (None, row.family)]
    if as_json:
        print_json([entry(row) for row in rows])
    else:
        _print(rows)


def entry(row: Activation) -> dict[str, Any]:
    """Return a row of the catalogue in JSON's types."""
    return {
        "name": row.name,
        "family": row.family,
        "formula": formula(row),
        "learnable": row.learnable,
        "aliases": list(row.aliases),
        "function": row.function.__name__ if row.function else None,
    }


def formula(row: Activation) -> str:
    """Return the definition: the summary without the name and the backticks."""
    summary = row.summary
    _, colon, after = summary.partition(": ")
    return (after if colon else summary).replace("`", "").rstrip(".")


def _print(rows: list[Activation]) -> None:
    table = Table("family", "layer", "definition", box=box.SIMPLE_HEAD, pad_edge=False)
    family = None
    for row in rows:
        name = " = ".join([row.name, *row.aliases]) + ("*" if row.learnable else "")
        shown = "" if row.family == family else row.family
        table.add_row(Text(shown), Text(name), Text(formula(row)))
        family = row.family
    console = stdout()
    console.print(table)
    if any(row.learnable for row in rows):
        console.print("* has weights, always or on request")
