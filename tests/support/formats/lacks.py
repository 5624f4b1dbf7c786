"""Activations that a format can't hold, and what its converter says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lack:
    """An activation that can't be written.

    Attributes:
        format: The format's name.
        layer: The layer.
        error: What the converter's message holds.
        reason: The same for the documentation.
    """

    format: str
    layer: str
    error: str
    reason: str


LACKS = (Lack("LiteRT", "Laplace", "Custom ops: Erfc", "LiteRT has no `Erf`"),)


def lack_of(format_name: str, layer: str) -> Lack | None:
    """Return what is lacking for a layer, None where nothing is."""
    found = (row for row in LACKS if (row.format, row.layer) == (format_name, layer))
    return next(found, None)
