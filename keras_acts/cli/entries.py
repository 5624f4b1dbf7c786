"""The catalogue as the command line prints it, from a file, without importing Keras.

`docs/generate.py` writes the file from `keras_acts.catalogue`; a test compares them.
"""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from keras_acts.cli.codes import CommandError

if TYPE_CHECKING:
    from keras_acts.catalogue import Activation

FILE = "catalogue.json"

_BRIEF = ("name", "family", "formula", "learnable", "aliases", "function")


def read() -> list[Mapping[str, Any]]:
    """Return the rows, by family and name."""
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    rows: list[Mapping[str, Any]] = json.loads(text)
    return rows


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the list has of a row."""
    return {key: row[key] for key in _BRIEF}


def find(name: str) -> Mapping[str, Any]:
    """Return a row by the name of its layer, alias or function.

    Case, underscores and hyphens don't matter.

    Raises:
        CommandError: There is none; the message suggests similar ones.
    """
    known: dict[str, Mapping[str, Any]] = {}
    for row in read():
        for one in (row["name"], *row["aliases"], row["function"] or row["name"]):
            known.setdefault(_plain_name(one), row)
    key = _plain_name(name)
    if key in known:
        return known[key]
    near = [known[one]["name"] for one in difflib.get_close_matches(key, known, n=3)]
    hint = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
    raise CommandError(
        f"No activation has this name.{hint} `keras-acts list` shows all. "
        f"Received: {name!r}"
    )


def _plain_name(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def entry(row: Activation) -> dict[str, Any]:
    """Return a row of the catalogue in JSON's types."""
    return {
        "name": row.name,
        "family": row.family,
        "formula": _formula(row),
        "learnable": row.learnable,
        "aliases": list(row.aliases),
        "function": row.function.__name__ if row.function else None,
        "arguments": {key: _plain(value) for key, value in row.defaults.items()},
        "docstring": inspect.getdoc(row.layer),
    }


def _formula(row: Activation) -> str:
    """Return the definition: the summary without the name and the backticks."""
    summary = row.summary
    _, colon, after = summary.partition(": ")
    return (after if colon else summary).replace("`", "").rstrip(".")


def _plain(value: Any) -> Any:
    """Return a default in JSON's types; a required argument has none."""
    if value is ...:
        return {"required": True}
    known = value is None or isinstance(value, bool | int | float | str)
    return {"default": value if known else repr(value)}
