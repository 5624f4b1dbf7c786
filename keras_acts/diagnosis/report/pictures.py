"""Heat maps: units of each activation, and layers over the steps of training."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_acts.diagnosis.report.results import Diagnosis, FilePath, Units

if TYPE_CHECKING:
    from keras_acts.diagnosis.report.history import DiagnosisHistory

_COLUMNS = 256
"""Units that a row shows; of more, neighbours are taken together."""

_SHARES = ("dead", "sparsity", "saturated", "saturated_low", "saturated_high")
_SIZES = ("gradient", "relative_gradient", "update", "relative_update")
_LABELS = {
    "dead": "share of dead units",
    "sparsity": "share of outputs that are 0",
    "saturated": "share of saturated inputs",
    "saturated_low": "share of inputs saturated on the left",
    "saturated_high": "share of inputs saturated on the right",
    "mean": "mean of the outputs",
    "deviation": "standard deviation of the outputs",
    "gradient": "norm of the gradient",
    "relative_gradient": "gradient as a share of the weights",
    "update": "norm of the update",
    "relative_update": "update as a share of the weights",
}


def unit_heatmap(diagnosis: Diagnosis, value: str, path: FilePath | None) -> Any:
    """Draw the units of each activation as a row of colours."""
    known = [one.name for one in fields(Units)]
    if value not in known:
        raise ValueError(
            f"`value` must be one of {', '.join(map(repr, known))}. "
            f"Received: value={value!r}"
        )
    rows = {
        one.name: np.asarray(getattr(one.by_unit, value), float)
        for one in diagnosis.activations
        if getattr(one.by_unit, value) is not None
    }
    if not rows:
        raise ValueError(f"No activation has such a value. Received: value={value!r}")
    columns = min(_COLUMNS, max(map(len, rows.values())))
    image = np.stack([_stretched(row, columns) for row in rows.values()])
    figure, axes = _drawn(image, list(rows), value)
    axes.set_xlabel("units, each row over its whole width")
    axes.set_xticks([])
    return _saved(figure, path)


def step_heatmap(history: DiagnosisHistory, value: str, path: FilePath | None) -> Any:
    """Draw a statistic of all layers over the steps of training."""
    rows = history.series(value)
    if not rows:
        raise ValueError(
            "There must be a diagnosis with such a value. "
            f"Received: value={value!r}, {len(history.snapshots)} diagnoses"
        )
    image = np.array(
        [[np.nan if x is None else x for x in row] for row in rows.values()], float
    )
    figure, axes = _drawn(image, list(rows), value)
    steps = history.steps
    shown = range(0, len(steps), -(-len(steps) // 10))
    axes.set_xticks(shown, [f"{steps[i]:,}" for i in shown])
    axes.set_xlabel("batches of training")
    return _saved(figure, path)


def _stretched(row: Any, columns: int) -> Any:
    """Return a row of another length: units repeated, or the mean of neighbours."""
    if len(row) <= columns:
        return row[np.arange(columns) * len(row) // columns]
    return np.array([part.mean() for part in np.array_split(row, columns)])


def _drawn(image: Any, names: list[str], value: str) -> tuple[Any, Any]:
    figure_class, colours = _matplotlib()
    height = 1.2 + 0.3 * len(names)
    figure = figure_class(figsize=(8.0, min(max(height, 2.0), 24.0)), dpi=110)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    norm, map_name = _colouring(colours, image, value)
    drawn = axes.imshow(
        np.ma.masked_invalid(image),
        aspect="auto",
        interpolation="nearest",
        cmap=map_name,
        norm=norm,
    )
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_facecolor("0.85")  # where there is no value
    axes.set_title(_LABELS[value], loc="left", fontsize="medium")
    figure.colorbar(drawn, ax=axes, pad=0.02)
    return figure, axes


def _colouring(colours: Any, image: Any, value: str) -> tuple[Any, str]:
    """Return the scale and the colours of a value; both are colour-blind safe."""
    finite = image[np.isfinite(image)]
    if value in _SHARES:
        return colours.Normalize(0, 1), "cividis_r"
    if value in _SIZES:
        positive = finite[finite > 0]
        low, high = (positive.min(), positive.max()) if positive.size else (0.1, 1.0)
        return colours.LogNorm(low, max(high, 1.001 * low), clip=True), "cividis"
    if value == "mean":
        reach = max(np.abs(finite).max(initial=0.0), 1e-12)
        return colours.Normalize(-reach, reach), "PuOr"
    return colours.Normalize(0, max(finite.max(initial=0.0), 1e-12)), "cividis"


def _matplotlib() -> tuple[Any, Any]:
    """Import matplotlib's figures, without a window and its global state."""
    try:
        from matplotlib import colors
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Pictures are drawn with matplotlib, which is not installed. Install it "
            f'with `pip install "keras-acts[plot]"`. Received: {error}'
        ) from error
    return Figure, colors


def _saved(figure: Any, path: FilePath | None) -> Any:
    if path is not None:
        figure.savefig(path)
    return figure
