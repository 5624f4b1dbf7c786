"""Functions that operations run: branches, bodies of loops, steps of a recurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.trace.graph import Constant, Node, Value, Weight


@dataclass(frozen=True, eq=False)
class Subgraph:
    """A traced function, which stands in a node in the place of the function.

    Its nodes may also use values of the graphs around it.

    Attributes:
        inputs: Its arguments, with `Value` for tensors.
        outputs: What it returns, with `Value`, `Weight` or `Constant` for tensors.
        nodes: Its operations, each after those it depends on.
    """

    inputs: tuple[Any, ...]
    outputs: Any
    nodes: list[Node]


def like(x: Any) -> KerasTensor:
    """Return the shape and dtype of a traced tensor, a variable or an array."""
    return KerasTensor(tuple(x.shape), keras.backend.standardize_dtype(x.dtype))


def spec_of(result: Value | Weight | Constant | None) -> KerasTensor | None:
    """Return the shape and dtype of what a function returns, None for None."""
    if result is None:
        return None
    if isinstance(result, Value):
        return KerasTensor(result.shape, result.dtype)
    if isinstance(result, Weight):
        return KerasTensor(result.variable.shape, result.dtype)
    return like(result.array)
