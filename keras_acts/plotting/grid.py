"""`overview`: small pictures of many activations, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_acts import catalogue
from keras_acts._plot_arguments import check_flags
from keras_acts.plotting import figures
from keras_acts.plotting.curves import Curve, Group, groups
from keras_acts.plotting.panels import Look, draw_slopes, draw_values, heights
from keras_acts.plotting.style import Theme

_CELL = (1.75, 1.42)
"""Width and height of a small picture in inches."""


def overview(
    names: Sequence[str] | None = None,
    *,
    family: str | None = None,
    columns: int = 6,
    derivative: bool = True,
    dark: bool = False,
    transparent: bool = False,
) -> Any:
    """Draw small pictures of activations: f, and f′ with dashes.

    Each has its own range, in which it bends. Of learned parameters the initial values
    are drawn, of activations of several inputs the outputs over the first one.

    Args:
        names: The activations, as `plot` takes them. None (default) is the whole
            catalogue.
        family: Only this family of the catalogue, such as `"relu"`.
        columns: Pictures beside each other, 1 or more. Default 6.
        derivative: Whether to draw f′. Default True.
        dark: Whether the page is dark. Default False.
        transparent: Whether the background is left out. Default False.

    Returns:
        The `matplotlib.figure.Figure`, as from `plot`.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: There is no such activation or family, or no picture at all.

    Example:
        >>> figure = keras_acts.plotting.overview(family="exponential")
        >>> figure.axes[0].get_title()
        'CELU'
    """
    figures.require()
    check_flags(derivative=derivative, dark=dark, transparent=transparent)
    shown = _shown(names, family)
    if not isinstance(columns, int) or isinstance(columns, bool) or columns < 1:
        raise ValueError(
            f"`columns` must be an integer, 1 or more. Received: {columns!r}"
        )
    theme = figures.theme_of(dark)
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    size = columns * _CELL[0], rows * _CELL[1] + 0.3
    with figures.styled(theme):
        figure = figures.new_figure(theme, size, transparent)
        figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05, wspace=0, hspace=0.02)
        cells = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, name in zip(cells, shown, strict=False):
            (group,) = groups([name], vary=None, range=None, families=False)
            _draw(ax, group, theme, derivative)
        for ax in cells[len(shown) :]:
            ax.set_axis_off()
        if derivative:
            _legend(figure, theme)
    return figure


def _shown(names: Sequence[str] | None, family: str | None) -> list[Any]:
    rows = catalogue.activations().values()
    families = list(dict.fromkeys(row.family for row in rows))
    if names is not None and family is not None:
        raise ValueError(
            f"Give `names` or `family`. Received: names={names!r}, family={family!r}"
        )
    if family is not None and family not in families:
        raise ValueError(
            f"`family` must be one of {', '.join(families)}. Received: {family!r}"
        )
    if names is None:
        return [row.name for row in rows if family in (None, row.family)]
    if isinstance(names, str) or not len(names):
        raise ValueError(f"`names` must be a list of activations. Received: {names!r}")
    return list(names)


def _draw(ax: Any, group: Group, theme: Theme, derivative: bool) -> None:
    curves = group.curves
    whole = [curve for curve in curves if not curve.is_part]
    looks = _looks(curves, theme)
    if derivative and len(whole) == 1:
        slope = Look(theme.lines[1], "--", 1.1)
        draw_slopes(ax, whole, [slope], theme, marks=False)
    draw_values(ax, curves, looks, theme, marks=False)
    low, high = _heights(whole, derivative and len(whole) == 1)
    ax.axhline(0, color=theme.zero, linewidth=0.7, zorder=1)
    ax.axvline(0, color=theme.zero, linewidth=0.7, zorder=1)
    ax.set_xlim(curves[0].x[0], curves[0].x[-1])
    ax.set_ylim(low, high)
    ax.set_title(_title(group), loc="center", fontsize=8.5, pad=3)
    ax.locator_params(nbins=4)
    ax.tick_params(labelsize=6.5, length=0, pad=2)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _title(group: Group) -> str:
    label = group.bundle.labels[0]
    return label if len(group.curves) == 1 else group.bundle.name


def _heights(curves: Sequence[Curve], with_slope: bool) -> tuple[float, float]:
    """Return limits in which f is seen whole, and of f′ what fits."""
    own = heights(curves, lambda c: c.y, whole=True) or (-1.0, 1.0)
    if not with_slope:
        return own
    low, high = heights(curves, lambda c: c.slope, whole=True) or own
    room = own[1] - own[0]
    return max(min(own[0], low), own[0] - room), min(max(own[1], high), own[1] + room)


def _looks(curves: Sequence[Curve], theme: Theme) -> list[Look]:
    looks = []
    for i, curve in enumerate(curves):
        if curve.is_part:
            looks.append(Look(theme.muted, ":", 0.9))
            continue
        color = theme.lines[0] if len(curves) == 1 else theme.line(_PLACES[i % 7])[0]
        looks.append(Look(color, "-", 1.6))
    return looks


_PLACES = (0, 2, 3, 4, 5, 1, 6)
"""Colours of several curves: that of f′ is the last but one."""


def _legend(figure: Any, theme: Theme) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=theme.lines[0], linewidth=1.6, label="f"),
        Line2D([], [], color=theme.lines[1], linewidth=1.1, ls="--", label="f′"),
    ]
    figure.legend(handles=lines, loc="outside upper right", ncols=2)
