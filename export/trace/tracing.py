"""What rules that trace functions need of the trace under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from keras_acts.export.trace.structure import flatten, map_structure
from keras_acts.export.trace.subgraph import Subgraph


class Tracing(Protocol):
    """The trace under way, as rules for operations that take functions see it."""

    def subgraph(self, function: Callable[..., Any], *like: Any) -> Subgraph:
        """Trace a function of new tensors that have the shapes and dtypes of `like`."""

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


def pack(structure: Any, leaves: list[Any]) -> Any:
    """Return a structure with other leaves, in the order of `flatten`."""
    if len(flatten(structure)) != len(leaves):
        raise ValueError(
            f"The structures differ. Received: {structure!r} and {len(leaves)} leaves"
        )
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)
