"""Activations of several inputs: what becomes of the outputs as one input varies."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_acts.plotting import numbers
from keras_acts.plotting.bundles import Bundle, channels, single, stacked
from keras_acts.plotting.structure import Kind, Structure, structure
from keras_acts.plotting.subjects import Subject

OTHERS = (0.0, -1.0)
"""What stands beside the input that varies."""

GATED = (-1.0, 0.5, 1.0, 2.0)
"""The values that a gate lets through."""

GATED_SYMBOLS = ("y", "∂y/∂b")


def bundle(one: Subject) -> Bundle:
    """Return the curves that show an activation, whatever its inputs.

    Raises:
        ValueError: It can't be applied to inputs of shape (batch, size).
    """
    if any(weight.size > 1 for weight in one.learned.values()):
        return channels(one)
    learned = {name: float(np.ravel(w)[0]) for name, w in one.learned.items()}

    def call(x: Any) -> Any:
        return one.call(x, **learned)

    found = structure(lambda x: numbers.values(call, x, one.precision))
    return _BUNDLES[found.kind](one, call, found)


Call = Callable[[Any], Any]


def beside(call: Call, others: Sequence[float], place: int, output: int) -> Call:
    """Return one output as a function of one input, with others around it."""

    def function(x: Any) -> Any:
        inputs = [ops.full_like(x, other) for other in others]
        inputs.insert(place, x)
        return call(ops.stack(inputs, axis=1))[:, output]

    return function


def _elementwise(one: Subject, _call: Call, _found: Structure) -> Bundle:
    return single(one)


def _split(one: Subject, call: Call, found: Structure) -> Bundle:
    others = [0.0] * (found.size - 1)
    functions = [beside(call, others, 0, output) for output in found.outputs]
    return _made(one, functions, [f"y{_sub(i)}" for i in range(1, len(functions) + 1)])


def _mixing(one: Subject, call: Call, _found: Structure) -> Bundle:
    functions = [beside(call, OTHERS, 0, j) for j in range(1 + len(OTHERS))]
    inputs = ["x", *(f"{value:g}".replace("-", "−") for value in OTHERS)]
    labels = [f"y{_sub(i)}, input {x}" for i, x in enumerate(inputs, 1)]
    return _made(one, functions, labels, note=f"y = {one.name}([{', '.join(inputs)}])")


def _gated(one: Subject, call: Call, found: Structure) -> Bundle:
    functions = [beside(call, [value], found.gate, 0) for value in GATED]
    return Bundle(
        one.name,
        stacked(functions),
        tuple(f"a = {value:g}".replace("-", "−") for value in GATED),
        one.precision,
        variable="gate b",
        symbols=GATED_SYMBOLS,
        formula=one.formula,
        parameter="a",
        values=GATED,
    )


def _largest(one: Subject, call: Call, found: Structure) -> Bundle:
    others = np.linspace(0, -1, found.size - 1).tolist()
    functions = [beside(call, others, 0, 0), lambda x: x]
    functions += [functools.partial(ops.full_like, fill_value=c) for c in others]
    inputs = ["x", *(f"{value:g}" for value in others)]
    labels = ["largest", *(f"input {text}" for text in inputs)]
    return _made(one, functions, labels, parts=range(1, len(functions)))


def _made(
    one: Subject,
    functions: Sequence[Call],
    labels: Sequence[str],
    parts: Sequence[int] | range = (),
    note: str = "",
) -> Bundle:
    return Bundle(
        one.name,
        stacked(functions),
        tuple(labels),
        one.precision,
        symbols=("y", "∂y/∂x"),
        formula=one.formula,
        note=", ".join(filter(None, [note, one.given])),
        parts=frozenset(parts),
    )


def _sub(number: int) -> str:
    return "".join(chr(0x2080 + int(digit)) for digit in str(number))


_BUNDLES = {
    Kind.ELEMENTWISE: _elementwise,
    Kind.SPLIT: _split,
    Kind.MIXING: _mixing,
    Kind.GATED: _gated,
    Kind.LARGEST: _largest,
}
