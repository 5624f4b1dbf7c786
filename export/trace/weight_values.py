"""Values of traced tensors that depend on weights and constants only.

A layer may need the values of what it computed from its weights, and an operation on
weights may have no converter: then the backend computes the values on request.
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
    """Return a function that computes a variable in the dtype an operation reads."""
    value = variable.value if isinstance(variable, keras.Variable) else variable
    return lambda: unrecorded(keras.ops.cast, value, dtype)


def dtype_of(variable: Any) -> str:
    """Return the dtype in which an operation reads a variable, or an array."""
    return str(keras.backend.standardize_dtype(variable.dtype))


def of_operation(
    operation: Any, args: Any, kwargs: Any
) -> Callable[[], list[Any]] | None:
    """Return a function that computes an operation's outputs.

    It is None if the value of an operand is unknown.
    """
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
    """Let the traced outputs of an operation be computed by a function."""
    for index, output in enumerate(flatten(outputs)):
        if output is not None:
            output.compute = partial(_at, results, index)


def is_complex(spec: Any) -> bool:
    """Whether an operation returns complex numbers, which the file can't hold."""
    return any(x is not None and x.dtype.startswith("complex") for x in flatten(spec))


def _is_known(x: Any) -> bool:
    if isinstance(x, TracedTensor):
        return x.compute is not None
    return not isinstance(x, Subgraph)


def _source(x: Any) -> Callable[[], Any]:
    """Return a function that computes the value of an argument."""
    if isinstance(x, TracedTensor) and x.compute is not None:
        return x.compute
    if isinstance(x, keras.Variable):
        return of_variable(x, keras.backend.standardize_dtype(x.dtype))
    return lambda: x


def _at(results: Callable[[], list[Any]], index: int) -> Any:
    return results()[index]
