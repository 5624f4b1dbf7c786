"""What is known of a number before the model runs: its bounds, and earlier decisions.

Sizes are not negative, and may be 0. On a way through the code where `n > 4` was true,
it stays true, and so does `n > 2`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.shapes.symbolic_sizes import CREATION
from keras_acts.export.trace.tensors import TracedTensor

Bounds = tuple[float, float]
"""The least and the largest value."""

UNBOUNDED: Bounds = (-math.inf, math.inf)

_SIZE = "trace.Size"

Fact = tuple[Any, bool]
"""A condition and its truth."""


def decided(condition: Any, facts: Sequence[Fact], smallest: int = 0) -> bool | None:
    """Return the truth of a condition where it is known, else None.

    Args:
        condition: What is asked.
        facts: Earlier conditions.
        smallest: What each size is at least.
    """
    key = key_of(condition)
    for fact, truth in facts:
        if key_of(fact) == key:
            return truth
    kind, operands = _relation(condition)
    if kind not in _HOLDS:
        return None
    first, second = operands
    if key_of(first) == key_of(second) and condition.dtype != "float64":
        return kind in ("numpy.Equal", "numpy.GreaterEqual", "numpy.LessEqual")
    a, b = (bounds(one, facts, smallest) for one in (first, second))
    return _HOLDS[kind](a, b)


def _relation(condition: Any) -> tuple[str, tuple[Any, ...]]:
    """Return a condition as a relation of two numbers; a number's is `!= 0`."""
    if not isinstance(condition, TracedTensor):
        return "", ()
    if condition.dtype != "bool":
        return "numpy.NotEqual", (condition, 0)
    return condition.expression or ("", ())


def key_of(x: Any) -> Hashable:
    """Return what is equal for two numbers that are made alike of the same sizes."""
    if not isinstance(x, TracedTensor):
        return (type(x), x) if isinstance(x, bool | int | float) else IdentityKey(x)
    if x.expression is None:
        return IdentityKey(x)
    kind, operands = x.expression
    return (kind, x.dtype, *map(key_of, operands))


def _at_least(a: Bounds, b: Bounds) -> bool | None:
    if a[0] >= b[1]:
        return True
    return False if a[1] < b[0] else None


def _greater(a: Bounds, b: Bounds) -> bool | None:
    if a[0] > b[1]:
        return True
    return False if a[1] <= b[0] else None


def _equal(a: Bounds, b: Bounds) -> bool | None:
    if a[1] < b[0] or b[1] < a[0]:
        return False
    return True if a[0] == a[1] == b[0] == b[1] else None


def _not(relation: Callable[[Bounds, Bounds], bool | None]) -> Any:
    def negated(a: Bounds, b: Bounds) -> bool | None:
        truth = relation(a, b)
        return None if truth is None else not truth

    return negated


_HOLDS: dict[str, Callable[[Bounds, Bounds], bool | None]] = {
    "numpy.Equal": _equal,
    "numpy.Greater": _greater,
    "numpy.GreaterEqual": _at_least,
    "numpy.Less": lambda a, b: _greater(b, a),
    "numpy.LessEqual": lambda a, b: _at_least(b, a),
    "numpy.NotEqual": _not(_equal),
}
"""Whether a relation holds between all numbers within two bounds, None if for some."""


def bounds(x: Any, facts: Sequence[Fact] = (), smallest: int = 0) -> Bounds:
    """Return the least and the largest value that a number may have."""
    if isinstance(x, bool | int | float):
        return float(x), float(x)
    if not isinstance(x, TracedTensor) or x.expression is None:
        return UNBOUNDED
    kind, operands = x.expression
    if kind == _SIZE:
        low, high = float(smallest), math.inf
    else:
        known = [bounds(one, facts, smallest) for one in operands]
        low, high = _of_operation(kind, x.dtype, known)
    for fact, truth in facts:
        relation, limit = _relation_to(key_of(x), fact, truth)
        step = 1.0 if x.dtype == "int32" and limit == math.floor(limit) else 0.0
        if relation == "numpy.NotEqual":
            low = low + step if limit == low else low
            high = high - step if limit == high else high
        elif relation:
            least, most = _LIMITED[relation](limit, step)
            low, high = max(low, least), min(high, most)
    return low, high


def _of_operation(kind: str, dtype: str, operands: list[Bounds]) -> Bounds:
    """Return the bounds of a result, given those of its operands."""
    if kind not in _BOUNDS or (dtype != "int32" and kind in _OF_INTEGERS):
        return UNBOUNDED
    low, high = _BOUNDS[kind](*operands)
    return UNBOUNDED if math.isnan(low) or math.isnan(high) else (low, high)


def _relation_to(key: Hashable, fact: Any, truth: bool) -> tuple[str, float]:
    """Return how a number is related to a known one by a condition and its truth."""
    kind, operands = _relation(fact)
    if kind not in _OPPOSITE:
        return "", 0.0
    first, second = operands
    if isinstance(first, int | float) and key_of(second) == key:
        kind, first, second = _MIRRORED.get(kind, kind), second, first
    if not isinstance(second, int | float) or key_of(first) != key:
        return "", 0.0
    return (kind if truth else _OPPOSITE[kind]), float(second)


_LIMITED: dict[str, Callable[[float, float], Bounds]] = {
    "numpy.Equal": lambda limit, _step: (limit, limit),
    "numpy.Greater": lambda limit, step: (limit + step, math.inf),
    "numpy.GreaterEqual": lambda limit, _step: (limit, math.inf),
    "numpy.Less": lambda limit, step: (-math.inf, limit - step),
    "numpy.LessEqual": lambda limit, _step: (-math.inf, limit),
}
"""The bounds that follow from a relation to a known number."""

_MIRRORED = {
    "numpy.Greater": "numpy.Less",
    "numpy.GreaterEqual": "numpy.LessEqual",
    "numpy.Less": "numpy.Greater",
    "numpy.LessEqual": "numpy.GreaterEqual",
}

_OPPOSITE = {
    "numpy.Equal": "numpy.NotEqual",
    "numpy.Greater": "numpy.LessEqual",
    "numpy.GreaterEqual": "numpy.Less",
    "numpy.Less": "numpy.GreaterEqual",
    "numpy.LessEqual": "numpy.Greater",
    "numpy.NotEqual": "numpy.Equal",
}


def _product(a: Bounds, b: Bounds) -> Bounds:
    # A size of 0 times one without a limit is 0.
    corners = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    return min(corners), max(corners)


def _quotient(a: Bounds, b: Bounds) -> Bounds:
    """Bound `a // b` for a positive number b."""
    if b[0] <= 0 or math.inf in b:
        return (0.0, math.inf) if a[0] >= 0 and b[0] > 0 else UNBOUNDED
    corners = [x if math.isinf(x) else x // y for x in a for y in b]
    return min(corners), max(corners)


def _remainder(_a: Bounds, b: Bounds) -> Bounds:
    """Bound `a % b` for a positive number b."""
    return (0.0, b[1] - 1) if b[0] > 0 else UNBOUNDED


def _absolute(a: Bounds) -> Bounds:
    low = 0.0 if a[0] <= 0 <= a[1] else min(map(abs, a))
    return low, max(map(abs, a))


_OF_INTEGERS = frozenset(("numpy.FloorDivide", "numpy.Mod"))

_BOUNDS: dict[str, Callable[..., Bounds]] = {
    "numpy.Absolute": _absolute,
    "numpy.Add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "numpy.FloorDivide": _quotient,
    "numpy.Maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "numpy.Minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "numpy.Mod": _remainder,
    "numpy.Multiply": _product,
    "numpy.Negative": lambda a: (-a[1], -a[0]),
    "numpy.Subtract": lambda a, b: (a[0] - b[1], a[1] - b[0]),
}
"""The bounds of a result, given those of its operands."""

EXPRESSIONS = frozenset(
    (
        *(_SIZE, "core.Cast", "numpy.Ceil", "numpy.Floor", "numpy.Power"),
        *("numpy.Sqrt", "numpy.TrueDivide", "numpy.Trunc", *_BOUNDS, *_HOLDS),
    )
)
"""The operations whose results are determined by their operands and dtype alone."""


_ZEROS = f"{CREATION}.zeros"

_CASTS = frozenset(("core.Cast", "core.ConvertToTensor"))


def express(kind: str, operands: Any, result: Any) -> None:
    """Note on a number how it was made, on a tensor that it is zero, where known."""
    if not isinstance(result, TracedTensor):
        return
    of_zeros = kind in _CASTS and getattr(operands[0], "is_zero", False)
    result.is_zero = kind == _ZEROS or of_zeros
    if kind not in EXPRESSIONS:
        return
    scalar = all(isinstance(x, int | float) or _is_scalar(x) for x in operands)
    if kind == _SIZE or (scalar and not result.shape):
        result.expression = kind, tuple(operands)


def _is_scalar(x: Any) -> bool:
    return isinstance(x, TracedTensor) and not x.shape
