"""How each curve is drawn, and what the legend says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from keras_acts.plotting.curves import Group
from keras_acts.plotting.panels import Look
from keras_acts.plotting.style import Theme

LISTED = 8
"""The most curves of one activation that a legend lists; more are a crowd."""


def is_crowd(group: Group) -> bool:
    """Whether a group has too many curves to list, which values tell apart."""
    return len(group.curves) > LISTED and bool(group.bundle.values)


def looks_of(found: Sequence[Group], theme: Theme) -> list[Look]:
    """Return colour, width and label of each curve.

    Few curves of one activation have a label each. A crowd that stands alone is shaded
    by its values, and only its ends have labels; beside other activations it has one
    colour and one label.
    """
    several = len(found) > 1
    looks: list[Look] = []
    used = 0
    for group in found:
        if is_crowd(group):
            looks += (
                _one_colour(group, theme, used) if several else _shaded(group, theme)
            )
            used += 1
        elif group.bundle.parameter is not None and not several:
            looks += _shaded(group, theme)
        else:
            looks += _told_apart(group, theme, used, several)
            used += len(group.curves)
    return looks


def _one_colour(group: Group, theme: Theme, used: int) -> list[Look]:
    color, dash = theme.line(used)
    bundle, count = group.bundle, len(group.curves)
    low, high = (f"{x:.3g}".replace("-", "−") for x in _ends(bundle.values))
    label = f"{bundle.name}: {count} curves, {bundle.parameter} {low} … {high}"
    look = Look(color, dash, 1.0, 0.55)
    return [replace(look, label=label), *[look] * (count - 1)]


def _shaded(group: Group, theme: Theme) -> list[Look]:
    values, crowd = group.bundle.values, is_crowd(group)
    looks = []
    for i, curve in enumerate(group.curves):
        label = f"{curve.label} (initial)" if curve.is_main else curve.label
        width = 3.0 if curve.is_main else 1.0 if crowd else 1.7
        listed = not crowd or curve.is_main or values[i] in _ends(values)
        looks.append(
            Look(
                theme.shade(_part(values, i)),
                "-",
                width,
                0.8 if crowd else 1.0,
                _with_value(group, label, values[i]) if listed else None,
            )
        )
    return looks


def _with_value(group: Group, label: str, value: float) -> str:
    """Return a label of a crowd with the value that it stands for."""
    parameter = group.bundle.parameter
    if not is_crowd(group) or label.startswith(f"{parameter} ="):
        return label
    return f"{label}, {parameter} = {value:.3g}".replace("-", "−")


def _told_apart(group: Group, theme: Theme, used: int, several: bool) -> list[Look]:
    looks = []
    for i, curve in enumerate(group.curves):
        label = curve.label
        if several and len(group.curves) > 1:
            label = f"{curve.name}: {label}"
        if curve.is_main:
            label += " (initial)"
        color, dash = theme.line(used + i)
        width = 1.2 if curve.is_part else 2.2
        looks.append(Look(color, "--" if curve.is_part else dash, width, 1, label))
    return looks


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _part(values: Sequence[float], i: int) -> float:
    """Return where a value stands: evenly by order for a few, else by its size."""
    if len(values) <= LISTED:
        return i / max(len(values) - 1, 1)
    return float((values[i] - min(values)) / (np.ptp(values) or 1.0))


def dashed(look: Look) -> Look:
    """Return the look of a derivative beside its function."""
    return replace(look, dash="--", width=look.width * 0.8, label=None)


def entries(ax: Any, looks: Sequence[Look]) -> tuple[list[Any], list[str]]:
    """Return what the legend lists, in the order of the curves."""
    by_label = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    labels = list(dict.fromkeys(look.label for look in looks if look.label))
    return [by_label[label] for label in labels], labels
