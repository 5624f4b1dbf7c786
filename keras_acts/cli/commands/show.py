"""`keras-acts show`: one activation."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer
from rich.text import Text

from keras_acts import catalogue
from keras_acts.cli import options
from keras_acts.cli.codes import Code
from keras_acts.cli.commands.listing import entry
from keras_acts.cli.terminal import print_error, print_json, stdout


def run(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A layer, an alias or a function.")
    ],
    as_json: options.Json = False,
) -> None:
    """Show an activation: its definition, arguments, edge values and source."""
    try:
        row = catalogue.find(name)
    except ValueError as error:
        print_error(str(error))
        raise typer.Exit(Code.BAD_INPUT) from None
    if as_json:
        defaults = {key: _plain(value) for key, value in row.defaults.items()}
        docstring = inspect.getdoc(row.layer)
        print_json({**entry(row), "arguments": defaults, "docstring": docstring})
    else:
        _print(row)


def _plain(value: Any) -> Any:
    """Return a default in JSON's types; a required argument has none."""
    if value is ...:
        return {"required": True}
    known = value is None or isinstance(value, bool | int | float | str)
    return {"default": value if known else repr(value)}


def _print(row: catalogue.Activation) -> None:
    arguments = ", ".join(
        key if value is ... else f"{key}={value!r}"
        for key, value in row.defaults.items()
    )
    facts = {
        "layer": f"keras_acts.layers.{row.name}({arguments})",
        "aliases": ", ".join(row.aliases),
        "function": f"keras_acts.functional.{row.function.__name__}"
        if row.function
        else "",
        "family": row.family,
        "weights": "always, or on request" if row.learnable else "none",
    }
    console = stdout()
    for label, fact in facts.items():
        if fact:
            console.print(Text(f"{label:<9}", "bold"), Text(fact), sep=" ")
    console.print()
    console.print(Text(inspect.getdoc(row.layer) or ""))
