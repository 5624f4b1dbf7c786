"""The weights of each learnable layer: path, shape, and the axis to shard.

A test and a page of the documentation have it from here; the layers tell it, built for
several sizes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from keras_acts import catalogue

_SAID = ("learnable", "sharing")

_CHANNELS, _UNITS = 128, 96
_MORE = 32
"""By how much each of the sizes grows, to see which sizes of a weight follow it."""


@dataclass(frozen=True)
class WeightPath:
    """A weight of a layer.

    Attributes:
        layer: The layer's name in the catalogue, with the arguments that matter.
        path: The weight's path inside the layer: `"alpha"`, `"squeeze/kernel"`.
        shape: Its shape for an input `(batch, time, channels)`, in words.
        axis: The axis to shard, that of channels or units; None: one copy a device.
        trainable: Whether it is trained, or is a moving average.
    """

    layer: str
    path: str
    shape: tuple[str, ...]
    axis: int | None
    trainable: bool

    @property
    def layout(self) -> tuple[str | None, ...]:
        """The value of a `LayoutMap`, for a mesh with an axis named `"model"`."""
        axes = range(len(self.shape))
        return tuple("model" if i == self.axis else None for i in axes)


def weight_paths() -> Iterator[WeightPath]:
    """Yield the weights of each layer that learns, in the order of the catalogue."""
    for row in catalogue.activations().values():
        if not row.learnable:
            continue
        arguments = _arguments(row)
        told = ", ".join(f"{k}={v!r}" for k, v in arguments.items() if k in _SAID)
        layer = f"{row.name}({told})" if told else row.name
        first = _weights(row, _CHANNELS, _UNITS)
        wider = _weights(row, _CHANNELS + _MORE, _UNITS)
        larger = _weights(row, _CHANNELS, _UNITS + _MORE)
        for path, weight in first.items():
            shapes = (w[path].shape for w in (first, wider, larger))
            sizes = [_Size.of(*three) for three in zip(*shapes, strict=True)]
            axes = [i for i, size in enumerate(sizes) if size.grows]
            yield WeightPath(
                layer=layer,
                path=path,
                shape=tuple(map(str, sizes)),
                axis=axes[-1] if axes else None,
                trainable=weight.trainable,
            )


def _arguments(row: catalogue.Activation) -> dict[str, Any]:
    """Return the arguments with which a layer has weights, one a channel."""
    known = inspect.signature(row.layer).parameters
    wanted = {"learnable": True, "sharing": "channel"}
    given = {
        name: value
        for name, value in wanted.items()
        if name in known and known[name].default != value
    }
    required = inspect.Parameter.empty
    sizes = {"kernel_size": 3} if "kernel_size" in known else {}
    sizes = {name: n for name, n in sizes.items() if known[name].default is required}
    return {**given, **sizes, **{x: None for x in ("units", "filters") if x in known}}


def _weights(row: catalogue.Activation, channels: int, units: int) -> dict[str, Any]:
    """Return the weights of a layer by their paths inside it."""
    arguments = _arguments(row)
    arguments |= {x: units for x in ("units", "filters") if x in arguments}
    layer = row.layer(**arguments)
    try:
        layer.build((None, 7, channels))
    except ValueError:  # it takes images
        layer = row.layer(**arguments)
        layer.build((None, 7, 7, channels))
    return {w.path.removeprefix(f"{layer.name}/"): w for w in layer.weights}


@dataclass(frozen=True)
class _Size:
    """A size as a sum of a part of the channels, of the units, and a number."""

    channels: Fraction
    units: Fraction
    rest: Fraction

    @classmethod
    def of(cls, first: int, wider: int, larger: int) -> _Size:
        channels = Fraction(wider - first, _MORE)
        units = Fraction(larger - first, _MORE)
        return cls(channels, units, first - channels * _CHANNELS - units * _UNITS)

    @property
    def grows(self) -> bool:
        return bool(self.channels or self.units)

    def __str__(self) -> str:
        named = (self.channels, "channels"), (self.units, "units")
        terms = [_term(factor, name) for factor, name in named if factor]
        terms += [str(self.rest)] if self.rest or not terms else []
        return " + ".join(terms)


def _term(factor: Fraction, name: str) -> str:
    before = "" if factor.numerator == 1 else f"{factor.numerator} "
    after = "" if factor.denominator == 1 else f" / {factor.denominator}"
    return f"{before}{name}{after}"


def table() -> str:
    """Return the weights as a table in Markdown."""
    lines = ["| layer | weight | shape | layout |", "|---|---|---|---|"]
    before = None
    for row in weight_paths():
        name = f"`{row.layer}`" if row.layer != before else ""
        before = row.layer
        shape = f"({', '.join(row.shape)}{',' if len(row.shape) == 1 else ''})"
        layout = "—" if row.axis is None else f"`{row.layout}`".replace("'", '"')
        mark = "" if row.trainable else " *"
        lines.append(f"| {name} | `{row.path}`{mark} | {shape} | {layout} |")
    return "\n".join(lines)
