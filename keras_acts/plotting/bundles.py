"""From a subject to the curves that show it: one, a family, channels, outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops

from keras_acts.plotting.numbers import Array, Columns, Precision
from keras_acts.plotting.subjects import Subject

FACTORS = (0.0, 0.5, 1.0, 2.0)
"""The values of a learned parameter that are drawn, in parts of its initial value."""

AROUND_ZERO = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Those of a parameter that starts at 0."""

BAND = "shaded: where it is drawn in training"

MOST = 48
"""The most channels that are drawn; of more, these are spread over the weights."""


@dataclass(frozen=True)
class Bundle:
    """Curves that belong together.

    Attributes:
        name: The activation.
        function: Column k of the result is curve k at column k of the input.
        labels: What each curve is called.
        precision: What can be told of the function.
        variable: What runs along the axis.
        symbols: What f and f′ are called.
        formula: The definition.
        note: What else has to be said.
        parameter: The parameter whose values tell the curves apart; None where nothing
            is varied.
        values: Its values.
        main: The curve of the initial values, which is drawn thicker.
        parts: Curves that are pieces of others, which are drawn thin.
        weights: The learned numbers by name, for histograms.
        band: The functions between which a single curve is drawn in training.
    """

    name: str
    function: Columns
    labels: tuple[str, ...]
    precision: Precision
    variable: str = "x"
    symbols: tuple[str, str] = ("f(x)", "f′(x)")
    formula: str = ""
    note: str = ""
    parameter: str | None = None
    values: tuple[float, ...] = ()
    main: int | None = None
    parts: frozenset[int] = frozenset()
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    band: tuple[Columns, ...] = ()


def stacked(functions: Sequence[Callable[[Any], Any]]) -> Columns:
    """Return the function whose columns are given each by a function of a vector."""
    return lambda x: ops.stack([f(x[:, i]) for i, f in enumerate(functions)], axis=1)


def single(one: Subject) -> Bundle:
    """Return the curve of an activation with its initial or only values."""
    learned = {name: float(np.ravel(w)[0]) for name, w in one.learned.items()}
    label = f"{one.name}({one.given})" if one.given else one.name
    notes = [one.given or _listed(learned), BAND if one.band else ""]
    return Bundle(
        one.name,
        lambda x: one.call(x, **learned),
        (label,),
        one.precision,
        formula=one.formula,
        note=", ".join(filter(None, notes)),
        band=one.band,
    )


def _listed(learned: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.3g}" for name, value in learned.items())


def family(one: Subject, parameter: str, given: Sequence[float] | None) -> Bundle:
    """Return the curves of several values of one parameter.

    Raises:
        ValueError: The activation has no such parameter.
    """
    numbers = {name: float(np.ravel(w)[0]) for name, w in one.learned.items()}
    numbers = {**one.arguments, **numbers}
    if parameter not in numbers:
        known = ", ".join(numbers) or "none"
        raise ValueError(
            f"{one.name} has no number of this name to vary; it has {known}. "
            f"Received: {parameter!r}"
        )
    start = numbers[parameter]
    chosen = sorted(set(_allowed(one, parameter, start) if given is None else given))
    learned = {name: numbers[name] for name in one.learned}

    def at(value: float) -> Callable[[Any], Any]:
        return lambda x: one.call(x, **{**learned, parameter: value})

    main = next((i for i, v in enumerate(chosen) if np.isclose(v, start)), None)
    others = {name: value for name, value in learned.items() if name != parameter}
    return Bundle(
        one.name,
        stacked([at(value) for value in chosen]),
        tuple(f"{parameter} = {value:.3g}".replace("-", "−") for value in chosen),
        one.precision,
        formula=one.formula,
        note=_listed(others),
        parameter=parameter,
        values=tuple(chosen),
        main=main,
    )


def _allowed(one: Subject, parameter: str, start: float) -> list[float]:
    """Return values around the initial one that the activation allows."""
    steps = [start * factor for factor in FACTORS] if start else list(AROUND_ZERO)
    constraint = getattr(one.layer, f"{parameter}_constraint", None)
    if constraint is not None:
        bounded = ops.convert_to_numpy(constraint(ops.convert_to_tensor(steps)))
        steps = [float(f"{value:.6g}") for value in bounded]
    kept = [value for value in steps if _accepts(one, parameter, value)]
    return [*kept, start]


def _accepts(one: Subject, parameter: str, value: float) -> bool:
    check = getattr(getattr(one.layer, "function", None), "check", None)
    try:
        if check is not None:
            check(**{parameter: value})
    except ValueError:
        return False
    return True


def varied(one: Subject) -> tuple[str, ...]:
    """Return the parameters that are learned, always or on request."""
    return tuple(one.learned) or tuple(getattr(one.layer, "tunable", ()))


def channels(one: Subject) -> Bundle:
    """Return the curve of each channel or element of a layer with weights."""
    count = max(weight.size for weight in one.learned.values())
    flat = {
        name: np.broadcast_to(np.ravel(weight), (count,))
        for name, weight in one.learned.items()
    }
    first = next((n for n, w in flat.items() if np.ptp(w) > 0), next(iter(flat)))
    order = np.argsort(flat[first], kind="stable")
    shown = order[np.linspace(0, count - 1, min(count, MOST)).round().astype(int)]
    drawn: dict[str, Array] = {name: w[shown][None, :] for name, w in flat.items()}
    labels = [f"channel {i}" for i in shown] if count > 1 else [one.name]
    few = f"{len(shown)} of {count} curves" if len(shown) < count else ""
    some = few or f"{count} curves" if count > 1 else ""
    alike = {n: float(w[0]) for n, w in flat.items() if not np.ptp(w) and n != first}
    alike |= {first: float(flat[first][0])} if count == 1 else {}
    return Bundle(
        one.name,
        lambda x: one.call(x, **drawn),
        tuple(labels),
        one.precision,
        formula=one.formula,
        note=", ".join(filter(None, [some, _listed(alike)])),
        parameter=first if count > 1 else None,
        values=tuple(flat[first][shown]) if count > 1 else (),
        weights=flat if count > 1 else {},
    )
