"""What docstrings say of edges, as clauses that a test can hold the layer to.

The sections `Edge values:` and `Gradient:` begin with clauses such as

    0 → 1/2; -inf → 0; +inf → `max_value` where `max_value is not None`; ±inf → ±1.
    `[inf, 0]` → `[nan, ...]` (0 or NaN beside it).

A point and a value are numbers, or code of the layer's arguments and weights by name
and of the name of the `backend`. Lists are what lies along the layer's axis; `...`
stands for any number. What has no arrow is prose.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_NUMBER = r"[-+]?(?:inf|\d+(?:\.\d+)?(?:/\d+)?)|NaN"
_CLAUSE = re.compile(
    rf"(?P<point>`[^`]+`|{_NUMBER}) → (?P<value>`[^`]+`|{_NUMBER})"
    r"(?: \([^)]*\))?(?:,? where `(?P<condition>[^`]+)`|, [^→]*)?"
)
_FUNCTIONS = {
    **{name: getattr(np, name) for name in ("clip", "exp", "log", "maximum")},
    **{"sqrt": np.sqrt, "tanh": np.tanh, "erfc": np.vectorize(math.erfc)},
    **{"inf": math.inf, "nan": math.nan, "max": max, "pi": math.pi},
}


@dataclass(frozen=True)
class Clause:
    """One claim: what a point gives, and where that holds.

    Attributes:
        point: Code of the input.
        value: Code of the answer.
        condition: Code of where it holds.
    """

    point: str
    value: str
    condition: str

    @property
    def is_list(self) -> bool:
        """Whether it is about what lies along an axis."""
        return self.point.startswith("[")

    def __str__(self) -> str:
        return f"{self.point} → {self.value} where {self.condition}"


def clauses(layer: type, section: str) -> list[Clause]:
    """Return what a section of a layer's docstring claims.

    Raises:
        ValueError: Something with an arrow is no clause.
    """
    return list(_parsed(_section(inspect.getdoc(layer) or "", section)))


def _section(docstring: str, name: str) -> str:
    lines = docstring.split(f"\n{name}\n", 1)[1].splitlines()
    until = next((i for i, line in enumerate(lines) if line[:1].strip()), len(lines))
    return " ".join(line.strip() for line in lines[:until])


def _parsed(text: str) -> Iterator[Clause]:
    for part in re.split(r"[;:.](?: |$)", text):
        if "→" not in part:
            continue
        for one in _of_both_signs(part):
            match = _CLAUSE.fullmatch(one)
            if match is None:
                raise ValueError(f"A clause must read A → B. Received: {one!r}")
            point, value = (_code(match[key]) for key in ("point", "value"))
            yield Clause(point, value, match["condition"] or "True")


def _of_both_signs(text: str) -> list[str]:
    if "±" not in text:
        return [text]
    return [text.replace("±", sign) for sign in "-+"]


def _code(text: str) -> str:
    return text.strip("`").replace("NaN", "nan")


def evaluate(code: str, names: Mapping[str, Any]) -> Any:
    """Return what code of a clause gives, with arguments and weights by name."""
    with np.errstate(invalid="ignore"):  # 0 times infinity
        return eval(code, {"__builtins__": {}}, {**_FUNCTIONS, **names})


def holds(got: np.ndarray, want: np.ndarray) -> bool:
    """Tell whether answers are those of a clause, up to rounding in float32."""
    return bool(np.allclose(got, want, rtol=2e-6, atol=0, equal_nan=True))
