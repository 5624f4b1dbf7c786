"""`keras-acts show`: one activation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from keras_acts.cli import entries, options
from keras_acts.cli.terminal import show


def run(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A layer, an alias or a function.")
    ],
    as_json: options.Json = False,
) -> None:
    """Show an activation: its definition, arguments, edge values and source."""

    def work() -> tuple[Any, str]:
        row = entries.find(name)
        return row, _text(row)

    show(work, as_json=as_json)


def _text(row: Mapping[str, Any]) -> str:
    arguments = ", ".join(
        key if "required" in value else f"{key}={value['default']!r}"
        for key, value in row["arguments"].items()
    )
    function = row["function"]
    facts = {
        "layer": f"keras_acts.layers.{row['name']}({arguments})",
        "aliases": ", ".join(row["aliases"]),
        "function": f"keras_acts.functional.{function}" if function else "",
        "family": row["family"],
        "weights": "always, or on request" if row["learnable"] else "none",
    }
    lines = [f"{label:<9} {fact}" for label, fact in facts.items() if fact]
    return "\n".join([*lines, "", row["docstring"]])
