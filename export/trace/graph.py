"""The traced graph: a model's operations in the order of their calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_acts.export.identity import IdentityKey

if TYPE_CHECKING:
    from keras_acts.export.trace.islands import Island
    from keras_acts.export.trace.subgraph import Subgraph

Shape = tuple[int | None, ...]


class LayerRecord(Enum):
    """How a call of a layer is recorded."""

    OPERATIONS = auto()
    """As the operations inside it."""

    NODE = auto()
    """As one node."""

    NODE_WITH_BODY = auto()
    """As one node that the operations inside the layer may replace."""


RecordOf = Callable[[Any, Any, Any], LayerRecord]
"""Decides how to record a call, given the layer, the arguments and the keywords."""


@dataclass(frozen=True, eq=False)
class Value:
    """An output of an operation, or an input of the model.

    Attributes:
        shape: Its sizes, None where unknown before the model runs.
        dtype: Keras's name for its dtype.
        compute: Computes it with the backend if it depends on weights and constants
            only; None if it depends on the model's inputs.
        is_number: Whether it is a number of Python, whose dtype no option changes.
    """

    shape: Shape
    dtype: str
    compute: Callable[[], Any] | None = None
    is_number: bool = False


@dataclass(frozen=True)
class Weight:
    """A variable of the model, in the dtype in which the operation reads it."""

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
        kind: The name of what is called, see `kinds`: `"numpy.Add"`, `"nn.Relu"`,
            `"keras_acts.mish"`, or `"layer"`.
        operation: The Keras operation or layer, which holds its static arguments.
        args: Its positional arguments, tensors replaced by `Value`, `Weight` and
            `Constant`.
        kwargs: Its keyword arguments, likewise.
        statics: The operation's attributes that hold sizes unknown until the model
            runs, by name, with `Value` for such a size.
        outputs: What it returns, with `Value` for tensors.
        scope: The names of the layers around it, outermost first.
        layer: The innermost of these layers, or the leaf itself.
        body: For a layer whose converter may not support the file's target or dtype:
            traces the operations inside it when first called. The subgraph has no
            inputs and uses the outer values.
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
        weight_names: The names of its variables, by identity.
        islands: The calls of layers that another exporter has to convert; more may come
            while layers are converted whose operations are traced late.
    """

    name: str
    inputs: dict[str, Value]
    outputs: dict[str, Value | Weight | Constant]
    nodes: list[Node] = field(default_factory=list)
    weight_names: dict[IdentityKey, str] = field(default_factory=dict)
    islands: list[Island] = field(default_factory=list)
