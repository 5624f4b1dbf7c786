"""What the methods of a graph builder take, and what they return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol, overload

import numpy as np
import onnx_ir as ir

Size = int | ir.Value
"""A size: a number where it is known, else an integer tensor of one element."""

Operand = ir.Value | np.ndarray[Any, Any] | np.generic | Sequence[int] | float | None
"""What an operator takes: a value, an array, integers (as int64), a number in the dtype
of the operator's first value (for `Where` its second), or None for an optional input
left out."""


class Append(Protocol):
    """Appends an operator, and returns its output, or a tuple of several."""

    @overload
    def __call__(
        self, *inputs: Operand, outputs: Literal[1] = 1, **attributes: Any
    ) -> ir.Value: ...

    @overload
    def __call__(
        self, *inputs: Operand, outputs: int, **attributes: Any
    ) -> tuple[ir.Value, ...]: ...
