"""Formulas as the layers' docstrings write them: typeset, and as functions.

A docstring begins with `x` where `x > 0`, else `alpha * x`: Python, which `ast` reads.
The same tree becomes MathML, which browsers draw without a script, and a function of
tensors, of which an ONNX file with the parameters as inputs can be made.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from website import mathml

_IN_WORDS = {
    "ChannelMaxout": "`max(x[1], x[2], x[3])` of each group of an axis.",
    "DYReLU": (
        "`max(a[1] * x + b[1], a[2] * x + b[2])`, all four computed from the input."
    ),
    "Maxout": "`max(x · W[k] + b[k])` over k, a learned convex piecewise linear map.",
    "SReLU": (
        "`t_right + a_right * (x - t_right)` where `x >= t_right`, "
        "`t_left + a_left * (x - t_left)` where `x <= t_left`, else `x`."
    ),
    "SparsePlus": "`0` where `x <= -1`, `x` where `x >= 1`, else `(x + 1)**2 / 4`.",
    "SmeLU": (
        "`0` where `x <= -beta`, `x` where `x >= beta`, "
        "else `(x + beta)**2 / (4 * beta)`."
    ),
}
"""Formulas of which the first line of the docstring tells in words."""

_CASE = re.compile(r"`([^`]+)` where `([^`]+)`,? ?")
_ELSE = re.compile(r"else (?:`([^`]+)`|(\d+))")


@dataclass(frozen=True)
class Formula:
    """A formula, and what the docstring says of it.

    Attributes:
        cases: Expressions with the condition under which each holds; None for the last.
        note: What stands behind the formula, as Markdown.
    """

    cases: tuple[tuple[str, str | None], ...]
    note: str

    @property
    def markup(self) -> str:
        """MathML of the formula, on a line of its own; empty where there is none."""
        if not self.cases:
            return ""
        rows = [
            (mathml.expression(value), condition and mathml.expression(condition))
            for value, condition in self.cases
        ]
        return mathml.block(rows)

    @property
    def names(self) -> set[str]:
        """The variables and functions that occur in it.

        Raises:
            SyntaxError: It is no Python.
        """
        trees = [mathml.tree(one) for case in self.cases for one in case if one]
        return {n.id for t in trees for n in ast.walk(t) if isinstance(n, ast.Name)}

    def function(self, namespace: Mapping[str, Any]) -> Callable[..., Any]:
        """Return it as a function of x, and of its parameters by name.

        Args:
            namespace: The functions that it calls, `where` among them.
        """
        compiled = [
            tuple(one and compile(mathml.tree(one), "formula", "eval") for one in case)
            for case in self.cases
        ]

        def call(x: Any, **parameters: Any) -> Any:
            known = {**namespace, "x": x, **parameters}
            result = None
            for value, condition in reversed(compiled):
                found = eval(value, {"__builtins__": {}}, known)
                if condition is not None:
                    holds = eval(condition, {"__builtins__": {}}, known)
                    found = known["where"](holds, found, result)
                result = found
            return result

        return call


def formula(name: str, summary: str) -> Formula:
    """Return the formula in the first line of a layer's docstring.

    Args:
        name: Name of the layer.
        summary: The line, which begins with the name.
    """
    text = _IN_WORDS.get(name, summary.removeprefix(f"{name}: ")).removesuffix(".")
    cases: list[tuple[str, str | None]] = []
    while match := _CASE.match(text):
        cases.append((match[1], match[2]))
        text = text[match.end() :]
    last = _ELSE.match(text) if cases else re.match(r"`([^`]+)`()", text)
    if last:
        cases.append((last[1] or last[2], None))
        text = text[last.end() :]
    return Formula(tuple(cases), text.strip(" ,"))
