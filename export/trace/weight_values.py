"""Values of traced tensors that are made of weights and constants alone.

Layers may ask for the values of what they made of their weights, and an operation on
weights may have no converter: then the backend computes them, when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import keras

from keras_acts.export.trace.protocol import unrecorded
from keras_acts.export.trace.structure import flatten
from keras_acts.export.trace.subgraph import Subgraph
from keras_acts.export.trace.tensors import (
    TracedTensor,
    map_leaves,
    traced_statics,
    with_statics,
)


def of_variable(variable: Any, dtype: str) -> Callable[[], Any]:
    """Return what computes a variable in the dtype in which an operation sees it."""
    return lambda: unrecorded(keras.ops.cast, variable.value, dtype)


def of_operation(
    operation: Any, args: Any, kwargs: Any
) -> Callable[[], list[Any]] | None:
    """Return what computes an operation's outputs, None if an operand has no value."""
    statics = traced_statics(operation)
    operands: list[Any] = []
    map_leaves(operands.append, (args, kwargs, list(statics.values())))
    if operation is None or not all(map(_is_known, operands)):
        return None
    given = map_leaves(_source, (args, kwargs, statics))

    @cache
    def results() -> list[Any]:
        args, kwargs, statics = map_leaves(lambda source: source(), given)
        call = with_statics(operation, statics).call
        return flatten(unrecorded(call, *args, **kwargs))

    return results


def attach(outputs: Any, results: Callable[[], list[Any]]) -> None:
    """Let traced tensors be computed, the outputs of an operation."""
    for place, output in enumerate(flatten(outputs)):
        if output is not None:
            output.compute = partial(_at, results, place)


def is_complex(spec: Any) -> bool:
    """Whether an operation returns complex numbers, which no file holds."""
    return any(x is not None and x.dtype.startswith("complex") for x in flatten(spec))


def _is_known(x: Any) -> bool:
    if isinstance(x, TracedTensor):
        return x.compute is not None
    return not isinstance(x, Subgraph)


def _source(x: Any) -> Callable[[], Any]:
    if isinstance(x, TracedTensor) and x.compute is not None:
        return x.compute
    if isinstance(x, keras.Variable):
        return of_variable(x, keras.backend.standardize_dtype(x.dtype))
    return lambda: x


def _at(results: Callable[[], list[Any]], place: int) -> Any:
    return results()[place]
