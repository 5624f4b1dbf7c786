"""Registry of handlers: functions that record an operation in their own way.

The handlers are in `control_flow`, for operations that call functions, in `einops` and
in `rank`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Handler = Callable[..., Any]

_HANDLERS: dict[str, Handler] = {}


def find_handler(kind: str) -> Handler | None:
    """Return the handler of a kind of operation, None if it is recorded as one node.

    It is called as `handler(recorder, operation, *args)`, with the arguments of the
    operation's call.
    """
    return _HANDLERS.get(kind)


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind of operation."""

    def decorate(function: Handler) -> Handler:
        _HANDLERS[kind] = function
        return function

    return decorate
