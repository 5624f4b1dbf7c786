"""Operations that tracing records in a way of their own, by kind.

The rules stand in `control_flow`, for operations that run functions, and in
`einops`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rule = Callable[..., Any]

_RULES: dict[str, Rule] = {}


def find_rule(kind: str) -> Rule | None:
    """Return what records an operation, None for one that is recorded as it is.

    It is called as `rule(tracing, operation, *args)`, with the arguments of the
    operation's call.
    """
    return _RULES.get(kind)


def rule(kind: str) -> Callable[[Rule], Rule]:
    """Register the rule of a kind of operation."""

    def decorate(function: Rule) -> Rule:
        _RULES[kind] = function
        return function

    return decorate
