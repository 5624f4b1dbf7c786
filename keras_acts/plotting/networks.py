"""Activations with matrices of weights, which each need a view of their own.

Where they are not built, weights are chosen that show what they do; where they are, the
input runs along one feature, or along all channels at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from keras_acts import functional, layers
from keras_acts.plotting.bundles import Bundle, stacked
from keras_acts.plotting.subjects import Subject
from keras_acts.plotting.vectors import GATED, GATED_SYMBOLS, beside

PIECES = 4
"""Pieces of a Maxout unit that is not built and of which nothing was said."""

UNITS = 8
"""The most outputs of a trained layer that are drawn."""

SLOPES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Slopes that APReLU may choose for a sample."""

Call = Callable[[Any], Any]


def bundle(one: Subject, built: bool) -> Bundle | None:
    """Return the curves of such a layer, or None for any other activation."""
    view = VIEWS.get(type(one.layer))
    return None if view is None else view(one, built)


def _maxout(one: Subject, built: bool) -> Bundle:
    if built:
        kernel, bias = _matrices(one.layer)
        feature = _strongest(kernel)
        slopes, offsets = kernel[feature], bias
        pieces = one.layer.pieces
        note = _along(feature, len(kernel))
        note = _notes(_some(len(slopes) // pieces, "units"), note)
    else:
        pieces = one.layer.pieces if one.given else PIECES
        slopes = np.linspace(-1.5, 1.5, pieces) if pieces > 1 else np.ones(1)
        offsets = -(slopes**2) / 2 if one.layer.use_bias else 0 * slopes
        note = f"{pieces} pieces"
    units = min(len(slopes) // pieces, UNITS)
    chosen = slice(0, units * pieces)
    lines = [
        (float(s), float(b)) for s, b in zip(slopes[chosen], offsets, strict=False)
    ]

    def unit(i: int) -> Call:
        weights = {"kernel": slopes[None, i * pieces : (i + 1) * pieces]}
        weights["bias"] = offsets[i * pieces : (i + 1) * pieces]
        return lambda x: functional.maxout(x[:, None], pieces=pieces, **weights)[:, 0]

    functions = [unit(i) for i in range(units)]
    names = ["maximum"] if units == 1 else [f"unit {i}" for i in range(units)]
    if units == 1 and pieces <= UNITS:
        functions += [_linear(s, b) for s, b in lines]
        names += [f"{s:.3g} x {'−' if b < 0 else '+'} {abs(b):.3g}" for s, b in lines]
    return Bundle(
        one.name,
        stacked(functions),
        tuple(names),
        one.precision,
        formula=one.formula,
        note=note,
        parts=frozenset(range(units, len(functions))),
    )


def _gated_dense(one: Subject, built: bool) -> Bundle:
    gate = one.layer.gate
    if not built:
        weights = {"kernel": np.eye(2), "gate": gate}
        functions = [
            beside(lambda x: functional.gated_dense(x, **weights), [value], 1, 0)
            for value in GATED
        ]
        return Bundle(
            one.name,
            stacked(functions),
            tuple(f"a = {value:g}".replace("-", "−") for value in GATED),
            one.precision,
            variable="gate b",
            symbols=GATED_SYMBOLS,
            formula=one.formula,
            note=f"gate {gate}",
            parameter="a",
            values=GATED,
        )
    kernel, bias = _matrices(one.layer)
    feature = _strongest(kernel)
    units = kernel.shape[1] // 2
    shown = min(units, UNITS)

    def unit(i: int) -> Call:
        columns = [i, units + i]
        row, offset = kernel[feature : feature + 1, columns], bias[columns]
        return lambda x: functional.gated_dense(x[:, None], row, offset, gate)[:, 0]

    return Bundle(
        one.name,
        stacked([unit(i) for i in range(shown)]),
        tuple(f"unit {i}" for i in range(shown)),
        one.precision,
        formula=one.formula,
        note=_notes(_some(units, "units"), _along(feature, len(kernel))),
    )


@dataclass(frozen=True)
class Choice:
    """What a layer that computes a parameter from its input may compute.

    Attributes:
        symbol: Of the parameter.
        values: What is drawn.
        function: The activation, given a tensor and a value.
        note: Who chooses it.
    """

    symbol: str
    values: tuple[float, ...]
    function: Callable[[Any, float], Any]
    note: str

    def bundle(self, one: Subject, built: bool) -> Bundle:
        """Return a curve for each value; of a layer that is built, for each channel."""
        if built:
            return _channels(one)
        functions = [lambda x, v=value: self.function(x, v) for value in self.values]
        names = (
            f"{self.symbol} = {value:g}".replace("-", "−") for value in self.values
        )
        return Bundle(
            one.name,
            stacked(functions),
            tuple(names),
            one.precision,
            formula=one.formula,
            note=self.note,
            parameter=self.symbol,
            values=self.values,
        )


def _bent(x: Any, share: float) -> Any:
    """Return DYReLU's answer where its dense layers give one number for all lines."""
    slopes, intercepts = (1.0 + share, share), (0.5 * share, -0.5 * share)
    return ops.max(
        ops.stack([a * x + b for a, b in zip(slopes, intercepts, strict=True)]), axis=0
    )


_OF_SAMPLE = "the layer chooses {} from the sample"
APRELU = Choice("s", SLOPES, functional.aprelu, _OF_SAMPLE.format("s"))
FUNNEL = Choice(
    "t", (-2.0, -1.0, 0.0, 1.0), functional.frelu, "t is what the neighbours give"
)
DYRELU = Choice("r", (-0.5, -0.25, 0.0, 0.25, 0.5), _bent, _OF_SAMPLE.format("r"))
META = Choice(
    "β",
    (0.0, 0.25, 0.5, 1.0),
    lambda x, beta: functional.acon_c(x, p1=1.0, p2=0.0, beta=beta),
    f"{_OF_SAMPLE.format('β')}; p₁ = 1, p₂ = 0",
)


def _channels(one: Subject) -> Bundle:
    layer = one.layer
    (count,) = layer.input_spec.axes.values()
    shape = [1] * ((layer.input_spec.ndim or layer.input_spec.min_ndim) - 1)
    shape[layer.channel_axis(len(shape) + 1) - 1] = count

    def channel(i: int) -> Call:
        def function(x: Any) -> Any:
            inputs = ops.reshape(x, (-1, *(1 for _ in shape)))
            y = layer.call(ops.broadcast_to(inputs, (x.shape[0], *shape)))
            return ops.reshape(y, (-1, count))[:, i]

        return function

    shown = min(count, UNITS)
    return Bundle(
        one.name,
        stacked([channel(i) for i in range(shown)]),
        tuple(f"channel {i}" for i in range(shown)),
        one.precision,
        formula=one.formula,
        note=_notes(
            _some(count, "channels"), "all channels are x" if count > 1 else ""
        ),
    )


def _linear(slope: float, offset: float) -> Call:
    return lambda x: slope * x + offset


def _matrices(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    kernel = np.array(ops.convert_to_numpy(layer.kernel), "float64")
    bias = getattr(layer, "bias", None)
    if bias is None:
        return kernel, np.zeros(kernel.shape[1])
    return kernel, np.array(ops.convert_to_numpy(bias), "float64")


def _strongest(kernel: np.ndarray) -> int:
    """Return the feature with the largest weights."""
    return int(np.linalg.norm(kernel, axis=1).argmax())


def _some(count: int, what: str) -> str:
    """Return how many are drawn where not all are."""
    return f"{UNITS} of {count} {what}" if count > UNITS else ""


def _notes(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _along(feature: int, features: int) -> str:
    return f"along feature {feature}, the others 0" if features > 1 else ""


VIEWS: Mapping[type, Callable[[Subject, bool], Bundle]] = {
    layers.Maxout: _maxout,
    layers.GatedDense: _gated_dense,
    layers.APReLU: APRELU.bundle,
    layers.FReLU: FUNNEL.bundle,
    layers.DYReLU: DYRELU.bundle,
    layers.MetaACON: META.bundle,
}
"""The layers with matrices, and what shows each."""
