"""The traced graph: what a model does, as operations in the order of their calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_acts.export.identity import IdentityKey

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor that an operation makes, or an input of the model.

    Attributes:
        shape: Its sizes, None where unknown before the model runs.
        dtype: Keras's name of its dtype.
    """

    shape: Shape
    dtype: str


@dataclass(frozen=True)
class Weight:
    """A variable of the model, in the dtype in which the operation sees it."""

    variable: Any
    dtype: str


@dataclass(frozen=True, eq=False)
class Constant:
    """An array that the model's code computed while it was traced."""

    array: np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Node:
    """One call of an operation.

    Attributes:
        kind: What is called, as `kinds` names it: `"numpy.Add"`, `"nn.Relu"`,
            `"keras_acts.mish"`, or `"layer"`.
        operation: The Keras operation or layer, which holds its static arguments.
        args: Its positional arguments, tensors replaced by `Value`, `Weight` and
            `Constant`.
        kwargs: Its keyword arguments, likewise.
        statics: Those of the operation's own arguments that hold sizes unknown until
            the model runs, by attribute, with `Value` for such a size.
        outputs: What it returns, with `Value` for tensors.
        scope: The names of the layers around it, outermost first.
    """

    kind: str
    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    statics: dict[str, Any]
    outputs: Any
    scope: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A traced model.

    Attributes:
        inputs: Its inputs by name, in the order of the model's signature.
        outputs: Its outputs by name, in the order in which the model returns them.
        nodes: Its operations, each after those it depends on.
        weight_names: Names of its variables, by identity.
    """

    name: str
    inputs: dict[str, Value]
    outputs: dict[str, Value | Weight | Constant]
    nodes: list[Node] = field(default_factory=list)
    weight_names: dict[IdentityKey, str] = field(default_factory=dict)
