"""The table of forms: of each activation's forms, the first that applies is used.

A form is a short function that builds an activation from ONNX operators. `@form` adds
it to the table, with the conditions under which it applies and the reason for it:

    @form("mish", targets=("portable",), opsets=range(18, 27), why="…")
    def operator(g, x):
        return g.Mish(x)

Forms are tried in the order of registration. The last form of an activation applies
everywhere.
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

FLOAT32 = frozenset((ir.DataType.FLOAT,))
"""For operators that have only a float32 kernel on onnxruntime's CPU."""

FLOATS = FLOAT32 | {ir.DataType.DOUBLE}

EXACT = FLOATS | {ir.DataType.FLOAT16}
"""For forms without rounding. Others compute float16 in float32 and round once."""


def since(opset: int) -> range:
    """Return the opsets from `opset` on."""
    return range(opset, OPSETS.stop)


def until(opset: int) -> range:
    """Return the opsets up to `opset`, inclusive."""
    return range(OPSETS.start, opset + 1)


def _always(x: ir.Value, **arguments: Any) -> bool:
    return True


@dataclass(frozen=True)
class Form:
    """One way to build an activation, and the conditions under which it applies.

    Attributes:
        activation: The activation that it computes.
        build: `build(g, x, **arguments)` appends it to the graph.
        why: The reason for choosing it where it applies.
        targets: The targets that it is for.
        opsets: The opsets that it is for.
        dtypes: The dtypes in which it is accurate and has kernels.
        when: `when(x, **arguments)` returns whether it supports these arguments.
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
        """Whether it supports only some arguments of the activation."""
        return self.when is not _always

    def applies(
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
"""The forms of each activation, in order of preference."""


def form(*activations: str, why: str, **where: Any) -> Callable[[B], B]:
    """Register a form, after those registered before.

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
    """Return the first form that applies: in the dtype of `x`, else in float32.

    Raises:
        UnsupportedOperationError: No form applies.
    """
    for dtype in (require_dtype(x), ir.DataType.FLOAT):
        for one in _FORMS.get(activation, ()):
            if one.applies(g.target, g.opset, dtype, x, arguments):
                return one
    raise UnsupportedOperationError(
        f"No form of {activation} supports target {g.target!r} at opset {g.opset}. "
        f"Received: {activation} of {x.dtype}"
    )


def lower(activation: str, g: GraphBuilder, x: ir.Value, **arguments: Any) -> ir.Value:
    """Append an activation, in the form chosen for the builder's target and opset.

    Args:
        activation: The name of the function in `keras_acts.functional`.
        g: The graph builder.
        x: The input.
        arguments: The other arguments of the function: Python values, or ONNX values.
    """
    chosen = choose(activation, g, x, arguments)
    dtype = require_dtype(x)
    if dtype in chosen.dtypes:
        return chosen.build(g, x, **arguments)

    def single(argument: Any) -> Any:
        is_like_x = isinstance(argument, ir.Value) and argument.dtype == dtype
        return g.cast(argument, ir.DataType.FLOAT) if is_like_x else argument

    arguments = {name: single(argument) for name, argument in arguments.items()}
    return g.cast(chosen.build(g, single(x), **arguments), dtype)
