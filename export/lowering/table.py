"""The choice of forms, as data: of each activation's forms the first that serves.

A form is a short function that writes an activation with the graph builder. `@form`
puts it into the table, with where it serves and why it was chosen there:

    @form("mish", targets=("portable",), opsets=range(18, 27), why="…")
    def operator(g, x):
        return g.Mish(x)

Forms stand in the order of preference. The last of an activation serves everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.options import OPSETS, TARGETS

Builder = Callable[..., Any]
B = TypeVar("B", bound=Builder)

SINGLE = frozenset((ir.DataType.FLOAT,))
"""Operators for which onnxruntime has a CPU kernel in float32 alone."""

FLOATS = SINGLE | {ir.DataType.DOUBLE}

EXACT = FLOATS | {ir.DataType.FLOAT16}
"""Forms that round nowhere. Others compute half precision in float32 and round once."""


def since(opset: int) -> range:
    """Return the opsets from one on."""
    return range(opset, OPSETS.stop)


def until(opset: int) -> range:
    """Return the opsets up to one."""
    return range(OPSETS.start, opset + 1)


def _always(x: ir.Value, **arguments: Any) -> bool:
    return True


@dataclass(frozen=True)
class Form:
    """One way to write an activation, and where it serves.

    Attributes:
        activation: What it computes.
        build: `build(g, x, **arguments)` appends it to a graph.
        why: Why it was chosen where it serves.
        targets: For which targets.
        opsets: At which opsets.
        dtypes: In which types its arithmetic is right and runs.
        when: `when(x, **arguments)` tells whether it computes this use of it.
    """

    activation: str
    build: Builder
    why: str
    targets: Sequence[str] = TARGETS
    opsets: range = OPSETS
    dtypes: frozenset[ir.DataType] = FLOATS
    when: Callable[..., bool] = _always

    @property
    def is_conditional(self) -> bool:
        """Whether it computes some uses of the activation only."""
        return self.when is not _always

    def serves(
        self,
        target: str,
        opset: int,
        dtype: ir.DataType,
        x: ir.Value,
        arguments: Mapping[str, Any],
    ) -> bool:
        """Whether it can be used for a call."""
        return (
            target in self.targets
            and opset in self.opsets
            and dtype in self.dtypes
            and self.when(x, **arguments)
        )


_FORMS: dict[str, list[Form]] = {}

FORMS: Mapping[str, Sequence[Form]] = MappingProxyType(_FORMS)
"""The forms of each activation, in the order of preference."""


def form(*activations: str, why: str, **where: Any) -> Callable[[B], B]:
    """Put a form into the table, after those that stand there.

    Args:
        activations: The activations that it computes.
        why: The reason for it, in one line.
        where: Further attributes of `Form`.
    """

    def decorate(build: B) -> B:
        for activation in activations:
            made = Form(activation, build, why, **where)
            _FORMS.setdefault(activation, []).append(made)
        return build

    return decorate


def choose(
    activation: str, g: GraphBuilder, x: ir.Value, arguments: Mapping[str, Any]
) -> Form:
    """Return the first form that serves: in the type of `x`, or else in float32.

    Raises:
        UnsupportedOperationError: There is none.
    """
    for dtype in (require_dtype(x), ir.DataType.FLOAT):
        for one in _FORMS.get(activation, ()):
            if one.serves(g.target, g.opset, dtype, x, arguments):
                return one
    raise UnsupportedOperationError(
        f"No form of {activation} serves target {g.target!r} at opset {g.opset}. "
        f"Received: {activation} of {x.dtype}"
    )


def lower(activation: str, g: GraphBuilder, x: ir.Value, **arguments: Any) -> ir.Value:
    """Append an activation in the form chosen for the builder's target and opset.

    Args:
        activation: Its name, that of the function in `keras_acts.functional`.
        g: The graph builder.
        x: The input.
        arguments: The other arguments of the function: Python values, or ONNX values.
    """
    chosen = choose(activation, g, x, arguments)
    dtype = require_dtype(x)
    if dtype in chosen.dtypes:
        result: ir.Value = chosen.build(g, x, **arguments)
        return result

    def single(argument: Any) -> Any:
        is_like_x = isinstance(argument, ir.Value) and argument.dtype == dtype
        return g.cast(argument, ir.DataType.FLOAT) if is_like_x else argument

    arguments = {name: single(argument) for name, argument in arguments.items()}
    return g.cast(chosen.build(g, single(x), **arguments), dtype)
