"""The traced graph: what a model does, as operations in the order of their calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_acts.export.identity import IdentityKey

if TYPE_CHECKING:
    from keras_acts.export.trace.subgraph import Subgraph

Shape = tuple[int | None, ...]


class LayerRecord(Enum):
    """How the calls of a layer are recorded."""

    OPERATIONS = auto()
    """As the operations inside them."""

    NODE = auto()
    """As one node."""

    NODE_WITH_BODY = auto()
    """As one node, in whose place the operations may stand."""


RecordOf = Callable[[Any, Any, Any], LayerRecord]
"""Says of a call of a layer, given its arguments and keywords, how to record it."""


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor that an operation makes, or an input of the model.

    Attributes:
        shape: Its sizes, None where unknown before the model runs.
        dtype: Keras's name of its dtype.
        compute: Computes it with the backend where it is made of weights and constants
            alone; None where it depends on the model's inputs.
    """

    shape: Shape
    dtype: str
    compute: Callable[[], Any] | None = None


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
        layer: The innermost of these layers, a leaf itself.
        body: For a layer whose converter may not serve the file's target or dtype:
            traces the operations inside it when they are first asked for. They take no
            arguments, and use the values around them.
    """

    kind: str
    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    statics: dict[str, Any]
    outputs: Any
    scope: tuple[str, ...]
    layer: Any = None
    body: Callable[[], Subgraph] | None = None


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
