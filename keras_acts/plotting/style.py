"""Colours and sizes, for light and for dark pages.

The colours of lines are those of Okabe and Ito, 2008, "Color Universal Design", which
people of any colour vision tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FONT = ["DejaVu Sans"]
"""The font that comes with matplotlib, so that files look the same everywhere."""


@dataclass(frozen=True)
class Theme:
    """The colours of a figure.

    Attributes:
        background: Behind everything.
        text: Titles and labels.
        muted: Ticks, formulas, limits.
        grid: Grid lines.
        zero: The lines where x or y is 0.
        lines: Curves that are told apart, in order.
        shades: The part of the colour map for the values of a parameter.
    """

    background: str
    text: str
    muted: str
    grid: str
    zero: str
    lines: tuple[str, ...]
    shades: tuple[float, float]

    def line(self, number: int) -> tuple[str, str]:
        """Return colour and dash of one of several curves."""
        dashes = ("-", "--", ":", "-.")
        lap, place = divmod(number, len(self.lines))
        return self.lines[place], dashes[lap % len(dashes)]

    def shade(self, part: float) -> Any:
        """Return the colour of a value, from 0 for the lowest to 1 for the highest."""
        from matplotlib import colormaps

        low, high = self.shades
        return colormaps["viridis"](low + (high - low) * part)


LIGHT = Theme(
    background="#ffffff",
    text="#1f2328",
    muted="#59636e",
    grid="#eaedf0",
    zero="#aeb6bf",
    lines=(
        *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
        *("#E69F00", "#56B4E9", "#000000"),
    ),
    shades=(0.0, 0.82),
)

DARK = Theme(
    background="#15181d",
    text="#e8eaed",
    muted="#a3adb8",
    grid="#282d35",
    zero="#59626d",
    lines=(
        *("#56B4E9", "#E69F00", "#009E73", "#CC79A7"),
        *("#F0E442", "#D55E00", "#FFFFFF"),
    ),
    shades=(0.32, 1.0),
)


def settings(theme: Theme) -> Mapping[str, Any]:
    """Return matplotlib's settings for a figure, on top of its defaults."""
    return {
        "font.family": FONT,
        "font.size": 9.0,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.titlecolor": theme.text,
        "axes.labelcolor": theme.text,
        "axes.edgecolor": theme.zero,
        "axes.facecolor": "none",
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": theme.grid,
        "grid.linewidth": 0.8,
        "xtick.color": theme.zero,
        "ytick.color": theme.zero,
        "xtick.labelcolor": theme.muted,
        "ytick.labelcolor": theme.muted,
        "xtick.labelsize": 8.0,
        "ytick.labelsize": 8.0,
        "text.color": theme.text,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "legend.handlelength": 1.6,
        "lines.solid_capstyle": "round",
        "svg.fonttype": "path",
        "svg.hashsalt": "keras-acts",
        "savefig.dpi": 144.0,
    }
