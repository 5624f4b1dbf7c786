"""Pieces of a Markdown page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 88
NOTHING = "–"
"""What a cell says in which there is nothing to say."""


def paragraph(text: str, indent: str = "") -> str:
    """Return a text in lines of the usual width."""
    return textwrap.fill(
        text,
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def item(text: str) -> str:
    """Return an item of a list."""
    return paragraph(f"- {text}", indent="  ")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table, a line for each row."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def ratio(numbers: Sequence[float] | None, spread: bool = True) -> str:
    """Return a ratio, with its quartiles."""
    if numbers is None:
        return NOTHING
    median, low, high = numbers
    return f"{median:.2f} ({low:.2f}–{high:.2f})" if spread else f"{median:.2f}"
