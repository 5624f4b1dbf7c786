"""The interface of the tracer, as patches and handlers see it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from keras_acts.export.trace.subgraph import Subgraph


class Recorder(Protocol):
    """Records the calls of one trace.

    Patches of Keras call `operation`, `control_flow`, `layer`, `shape`, `creation`,
    `draw`, `recurrence`, `weight` and `unpack_int4`; handlers call `subgraph`,
    `record_node` and `tensor`; traced tensors call `shape_for_model` and `decide`.
    """

    @property
    def failure(self) -> Exception | None:
        """What a layer failed with, None while none has."""

    def operation(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of an operation and return its traced outputs."""

    def control_flow(
        self, operation: Any, args: Any, eagerly: Callable[[], Any]
    ) -> Any:
        """Record an operation that calls functions, or run it if nothing is traced."""

    def layer(self, layer: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of a layer, as one node or as the operations inside it."""

    def shape(self, tensor: Any) -> tuple[Any, ...]:
        """Return a tensor's sizes, with a traced integer for each unknown one."""

    def shape_for_model(self, tensor: Any) -> tuple[Any, ...]:
        """Return a tensor's `shape` as the model's own code sees it."""

    def decide(self, condition: Any) -> bool:
        """Return the truth of a condition on the way that is being traced."""

    def creation(self, name: str, args: Any, kwargs: Any) -> Any:
        """Record the creation of a tensor whose size is traced."""

    def draw(self, name: str, arguments: Any, seed: int | None) -> Any:
        """Record a draw of `keras.random`; None for a seed draws anew in each run."""

    def recurrence(self, args: Any, kwargs: Any) -> Any:
        """Record a call of `backend.rnn`, the loop over time."""

    def weight(self, variable: Any) -> Any:
        """Return the traced tensor that stands for a variable, or for an array."""

    def unpack_int4(
        self, packed: Any, orig_len: int, axis: int = 0, dtype: str = "int8"
    ) -> Any:
        """Record the unpacking of pairs of 4-bit integers."""

    def subgraph(self, function: Callable[..., Any], *specs: Any) -> Subgraph:
        """Trace a function on new tensors with the shapes and dtypes of `specs`."""

    def record_node(
        self,
        kind: str,
        args: Any,
        kwargs: Any,
        spec: Any,
        operation: Any = None,
        **functions: Any,
    ) -> Any:
        """Append a node whose outputs have a given spec; return them, traced.

        Args:
            kind: The node's kind.
            args: Its positional arguments, with a `Subgraph` for each function.
            kwargs: Its keyword arguments, likewise.
            spec: The shapes and dtypes of its outputs.
            operation: The Keras operation.
            functions: Attributes of the operation to replace, such as its functions
                by subgraphs.
        """

    def operand(self, x: Any) -> Any:
        """Return what represents an argument of a call in the graph."""

    def tensor(self, x: Any) -> Any:
        """Convert a number to a tensor; return tensors and variables unchanged."""


ACTIVE: ContextVar[Recorder | None] = ContextVar("keras_acts_trace", default=None)
"""The recorder of the trace that runs in this thread, None if there is none."""


def unrecorded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function with recording switched off."""
    token = ACTIVE.set(None)
    try:
        return function(*args, **kwargs)
    finally:
        ACTIVE.reset(token)
