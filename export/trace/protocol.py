"""What the hooks call back while a model is traced."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from keras_acts.export.trace.subgraph import Subgraph


class Recorder(Protocol):
    """What the hooks call back."""

    def operation(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of an operation and return its traced outputs."""

    def control_flow(
        self, operation: Any, args: Any, eagerly: Callable[[], Any]
    ) -> Any:
        """Record an operation that runs functions, or run it where none is traced."""

    def layer(self, layer: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of a layer, or what happens inside it."""

    def shape(self, tensor: Any) -> tuple[Any, ...]:
        """Return a tensor's sizes, a traced integer for each unknown one."""

    def creation(self, name: str, args: Any, kwargs: Any) -> Any:
        """Record the making of a tensor whose size is traced."""

    def recurrence(self, args: Any, kwargs: Any) -> Any:
        """Record a loop over time."""

    def weight(self, variable: Any) -> Any:
        """Return a traced tensor for a variable, or the variable to compute with it."""

    def unpack_int4(
        self, packed: Any, orig_len: int, axis: int = 0, dtype: str = "int8"
    ) -> Any:
        """Record the unpacking of pairs of integers of four bits."""


PRESENT: ContextVar[Recorder | None] = ContextVar("keras_acts_trace", default=None)
"""The recorder of this thread's trace, None where it does not trace."""


def unrecorded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function as if nothing were traced."""
    token = PRESENT.set(None)
    try:
        return function(*args, **kwargs)
    finally:
        PRESENT.reset(token)


class Tracing(Protocol):
    """The trace under way, as rules for operations that take functions see it."""

    def subgraph(self, function: Callable[..., Any], *specs: Any) -> Subgraph:
        """Trace a function of new tensors that have the shapes and dtypes of others."""

    def record(
        self,
        kind: str,
        args: Any,
        kwargs: Any,
        spec: Any,
        operation: Any = None,
        **functions: Any,
    ) -> Any:
        """Append a node and return its traced outputs.

        Args:
            kind: The node's kind.
            args: Its arguments, with a `Subgraph` for each function.
            kwargs: Its keywords, likewise.
            spec: What it returns, with shapes and dtypes.
            operation: The operation of Keras.
            functions: What stands for attributes of the operation.
        """

    def tensor(self, x: Any) -> Any:
        """Return a traced tensor or a variable as it is, and a number as a tensor."""
