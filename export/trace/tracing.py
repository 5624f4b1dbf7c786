"""What rules that trace functions need of the trace under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.structure import flatten, map_structure
from keras_acts.export.trace.subgraph import Subgraph, like, spec_of


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


def pack(structure: Any, leaves: list[Any]) -> Any:
    """Return a structure with other leaves, in the order of `flatten`."""
    if len(flatten(structure)) != len(leaves):
        raise ValueError(
            f"The structures differ. Received: {structure!r} and {len(leaves)} leaves"
        )
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)


def carried(what: str, initial: Any, results: Any) -> Any:
    """Return the specs of what a function hands on to its next call.

    Args:
        what: The function, for the error.
        initial: What its first call gets.
        results: What it returns, as it was traced.

    Raises:
        UnsupportedOperationError: The number, the ranks, sizes or dtypes differ.
    """
    before = [None if x is None else like(x) for x in flatten(initial)]
    after = [spec_of(x) for x in flatten(results)]
    alike = len(before) == len(after) and all(map(_stays, before, after))
    if not alike:
        raise UnsupportedOperationError(
            f"{what} must return what it carries on in the shapes and dtypes in which "
            f"it takes it: {before}. Received: {after}"
        )
    return pack(initial, before)


def _stays(old: Any, new: Any) -> bool:
    if old is None or new is None:
        return old is new
    if new.dtype != old.dtype or len(new.shape) != len(old.shape):
        return False
    # An unknown size that comes of a known 1 is one that broadcasting made.
    return all(
        a == b or (b is None and a != 1) or a is None
        for a, b in zip(old.shape, new.shape, strict=True)
    )
