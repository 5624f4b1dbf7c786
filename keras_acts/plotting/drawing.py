"""`plot`: activations as a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_acts._plot_arguments import check_flags, check_size, check_title
from keras_acts.plotting import figures
from keras_acts.plotting.curves import Curve, Ends, Group, Vary, groups
from keras_acts.plotting.looks import LISTED, dashed, entries, is_crowd, looks_of
from keras_acts.plotting.numbers import Array
from keras_acts.plotting.panels import draw_slopes, draw_values, finish, heights
from keras_acts.plotting.style import Theme
from keras_acts.plotting.subjects import distinct

_HEADER = 0.56
"""Inches above the panels for the title and the formula."""

_SIGNS = ((" * ", " · "), ("**2", "²"), ("**3", "³"), (">=", "≥"), ("<=", "≤"))
"""How code is written in a formula."""


def plot(
    *activations: Any,
    derivative: bool = True,
    vary: Vary | None = None,
    range: Ends | None = None,
    title: str | None = None,
    dark: bool = False,
    transparent: bool = False,
    size: tuple[float, float] | None = None,
    marks: bool = True,
    ax: Any = None,
    axes: Any = None,
) -> Any:
    """Draw activations and their derivatives.

    The derivative is that of the backend's automatic differentiation, in float64; on
    NumPy and OpenVINO, which have none, it is a central difference. The range is found
    from the function itself: where it bends, and each of its kinks. A dot at a kink is
    the gradient that training gets there; a circle is a slope beside it. Dotted lines
    are limits.

    One activation whose parameters are learned is drawn for several values of each. A
    layer with weights is drawn as it has learned: a curve a channel, and a histogram of
    the weights. Activations of several inputs are drawn over one of them: softmax by
    its outputs, a gated one over its gate, Maxout with its pieces.

    Args:
        *activations: Names (`"mish"`, or with arguments `"leaky_relu:negative_slope=
            0.2"`), layers of this package or of Keras, trained or not, and functions of
            a tensor. Several stand in one figure, the same one once.
        derivative: Whether to draw f′ beside f. Default True.
        vary: A parameter to vary, or its values by name: `{"alpha": [0.5, 1, 2]}`.
            None (default) varies what is learned.
        range: The two ends of x. None (default) finds them.
        title: A title. None (default) is the name, where there is one activation.
        dark: Whether the page is dark. Default False.
        transparent: Whether the background is left out. Default False.
        size: Width and height in inches. None (default) fits the panels.
        marks: Whether kinks and limits are marked. Default True.
        ax: matplotlib axes of yours for f, and f′ with dashes, in place of a figure.
        axes: Two axes of yours, for f and f′.

    Returns:
        The `matplotlib.figure.Figure`. pyplot knows nothing of it: notebooks show it,
        and `savefig` writes it, SVGs with the same bytes each time.

    Raises:
        ImportError: matplotlib is not installed.
        TypeError: An activation is no name, layer or function.
        ValueError: An argument is wrong.

    Example:
        >>> figure = keras_acts.plot("relu", "gelu", "mish")
        >>> figure.savefig("curves.svg")
        >>> [ax.get_title("left") for ax in figure.axes]
        ['f(x)', 'f′(x)']
    """
    figures.require()
    size = check_size(size)
    check_title(title)
    check_flags(derivative=derivative, dark=dark, transparent=transparent, marks=marks)
    own = _own_axes(ax, axes, derivative)
    found = groups(activations, vary=vary, range=range)
    theme = figures.theme_of(dark)
    if own is not None:
        _draw_into(own, found, theme, derivative, marks)
        return own[0].figure
    with figures.styled(theme):
        alone = len(distinct(activations)) == 1
        rows = [[group] for group in found] if alone else [found]
        header = title is not None or alone
        figure = _figure(rows, theme, derivative, size, transparent, header)
        _rows(figure, rows, theme, derivative, marks)
        if header:
            _head(figure, title, found if alone else [], theme)
    return figure


def _own_axes(ax: Any, axes: Any, derivative: bool) -> list[Any] | None:
    """Return the user's axes, one or two, or None.

    Raises:
        ValueError: Both are given, or another number of axes.
    """
    if ax is None and axes is None:
        return None
    if ax is not None and axes is not None:
        raise ValueError(f"Give `ax` or `axes`. Received: ax={ax!r}, axes={axes!r}")
    listed = list(np.ravel([ax] if axes is None else axes))
    needed = 1 if axes is None or not derivative else 2
    if len(listed) != needed or not all(hasattr(one, "plot") for one in listed):
        raise ValueError(
            "`ax` must be axes of matplotlib, and `axes` two of them, for f and f′. "
            f"Received: {axes if ax is None else ax!r}"
        )
    return listed


def _draw_into(
    axes: Sequence[Any],
    found: Sequence[Group],
    theme: Theme,
    derivative: bool,
    marks: bool,
) -> None:
    """Draw into axes of the user, whose settings stay but for range and labels."""
    curves, looks = _curves(found), looks_of(found, theme)
    ends = float(curves[0].x[0]), float(curves[0].x[-1])
    draw_values(axes[0], curves, looks, theme, marks)
    if derivative:
        beside = looks if len(axes) > 1 else [dashed(look) for look in looks]
        draw_slopes(axes[-1], curves, beside, theme, marks)
    for one in axes:
        finish(one, theme, ends, _variable(found))
    if len(curves) > 1:
        axes[0].legend()


def _figure(
    rows: Sequence[Sequence[Group]],
    theme: Theme,
    derivative: bool,
    size: tuple[float, float] | None,
    transparent: bool,
    header: bool,
) -> Any:
    weights = _weights(rows)
    height = 2.75 * (len(rows) + bool(weights)) + (_HEADER if header else 0.1)
    width = 8.4 if derivative or len(weights) > 1 else 5.4
    chosen = (width, height) if size is None else size
    figure = figures.new_figure(theme, chosen, transparent)
    top = _HEADER / chosen[1] if header else 0
    figure.get_layout_engine().set(
        rect=(0, 0, 1, 1 - top), w_pad=0.1, h_pad=0.08, wspace=0.03, hspace=0.05
    )
    return figure


def _weights(rows: Sequence[Sequence[Group]]) -> dict[str, Array]:
    """Return the learned numbers of which histograms are drawn."""
    if len(rows) > 1 or len(rows[0]) > 1:
        return {}
    bundle = rows[0][0].bundle
    return {
        name: weight
        for name, weight in bundle.weights.items()
        if len(weight) > LISTED and (np.ptp(weight) > 0 or name == bundle.parameter)
    }


def _rows(
    figure: Any,
    rows: Sequence[Sequence[Group]],
    theme: Theme,
    derivative: bool,
    marks: bool,
) -> None:
    weights = _weights(rows)
    parts = figure.subfigures(len(rows) + bool(weights), 1, squeeze=False)[:, 0]
    for part, row in zip(parts, rows, strict=False):
        part.set_facecolor("none")
        axes = part.subplots(1, 2 if derivative else 1, squeeze=False)[0]
        _row(part, axes, row, theme, marks)
    if weights:
        parts[-1].set_facecolor("none")
        axes = parts[-1].subplots(1, len(weights), squeeze=False)[0]
        axes[0].set_ylabel("curves")
        for one, (name, weight) in zip(axes, weights.items(), strict=True):
            tells = name == rows[0][0].bundle.parameter
            _histogram(one, name, weight, theme, shaded=tells)


def _row(
    part: Any, axes: Sequence[Any], row: Sequence[Group], theme: Theme, marks: bool
) -> None:
    """Draw f and f′ of some groups beside each other, with one legend."""
    curves, looks = _curves(row), looks_of(row, theme)
    ends = float(curves[0].x[0]), float(curves[0].x[-1])
    value, slope = _symbols(row)
    draw_values(axes[0], curves, looks, theme, marks)
    _finished(axes[0], curves, lambda c: c.y, theme, ends, row, value)
    if len(axes) > 1:
        draw_slopes(axes[1], curves, looks, theme, marks)
        whole = [curve for curve in curves if not curve.is_part]
        _finished(axes[1], whole, lambda c: c.slope, theme, ends, row, slope)
    if len(row) == 1 and is_crowd(row[0]):
        _scale(part, axes, row[0], theme)
    elif len(curves) > 1:
        handles, labels = entries(axes[0], looks)
        axes[-1].legend(handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.02))


def _finished(
    ax: Any,
    curves: Sequence[Curve],
    of: Callable[[Curve], Array],
    theme: Theme,
    ends: tuple[float, float],
    row: Sequence[Group],
    symbol: str,
) -> None:
    finish(ax, theme, ends, _variable(row))
    ax.set_title(symbol)
    limits = heights(curves, of, whole=len(row) == 1)
    if limits is not None:
        ax.set_ylim(*limits)


def _scale(part: Any, axes: Sequence[Any], group: Group, theme: Theme) -> None:
    """Draw which colour is which value, where curves are too many to list."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    values = group.bundle.values
    colors = ListedColormap([theme.shade(i / 255) for i in np.arange(256)])
    mappable = ScalarMappable(Normalize(min(values), max(values)), colors)
    bar = part.colorbar(mappable, ax=list(axes), label=group.bundle.parameter)
    bar.outline.set_visible(False)


def _histogram(
    ax: Any, name: str, weight: Array, theme: Theme, *, shaded: bool
) -> None:
    """Draw how many channels have learned which value, in the colours of the curves."""
    bins = int(np.clip(2 * np.sqrt(len(weight)), 5, 40))
    counts, edges = np.histogram(weight, bins=bins)
    middles = (edges[1:] + edges[:-1]) / 2
    span = float(np.ptp(weight)) or 1.0
    shades = [theme.shade(float(m - weight.min()) / span) for m in middles]
    colors = shades if shaded else [theme.zero] * bins
    ax.bar(middles, counts, width=0.92 * np.diff(edges), color=colors)
    ax.grid(visible=False, axis="x")
    mean = float(weight.mean())
    ax.axvline(mean, color=theme.text, linewidth=1.1, linestyle="--")
    ax.set_title(f"{name}, mean {mean:.3g}".replace("-", "−"))
    ax.yaxis.get_major_locator().set_params(integer=True)


def _curves(found: Sequence[Group]) -> list[Curve]:
    return [curve for group in found for curve in group.curves]


def _symbols(row: Sequence[Group]) -> tuple[str, str]:
    """Return what f and f′ are called, and how f′ was found if not by the backend."""
    names = {group.bundle.symbols for group in row}
    value, slope = names.pop() if len(names) == 1 else ("f(x)", "f′(x)")
    if not row[0].bundle.precision.automatic:
        slope += ", by central differences"
    return value, slope


def _variable(row: Sequence[Group]) -> str:
    names = {group.bundle.variable for group in row}
    return names.pop() if len(names) == 1 else "x"


def _head(figure: Any, title: str | None, found: Sequence[Group], theme: Theme) -> None:
    """Write the title, and the formula of a single activation below it."""
    height = figure.get_size_inches()[1]
    left = 0.12 / figure.get_size_inches()[0]
    name = found[0].bundle.name if title is None else title
    figure.text(left, 1 - 0.12 / height, name, va="top", size=12.5, weight="bold")
    if not found:
        return
    bundle = found[0].bundle
    note = bundle.note if len(found) == 1 else ""
    text = "    ".join(filter(None, [bundle.formula, note]))
    for code, sign in _SIGNS:
        text = text.replace(code, sign)
    figure.text(left, 1 - 0.37 / height, text, va="top", size=8.5, color=theme.muted)
