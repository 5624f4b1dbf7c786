"""Formulas of a size in the names of the inputs' sizes.

A formula is found from the size's values at several samples, and holds at all of them.
Equal values at all samples give the same formula, which is one of these, in this order:

1. a name: `x_1`;
2. a name or a product of names, scaled and rounded down: `2*x_1 + 1`, `(x_1 + 1)//2`,
   `batch*x_1`;
3. a sum of two names: `x_1 + y_1`, `x_1 + y_1 - 1`;
4. a multiple of one of these: `2*((x_1 + 1)//2)`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from keras_acts.export.passes.shapes.samples import Sample

_LARGEST_DIVISOR = 256
_MOST_NAMES = 6

Values = Sequence[int]
Columns = Mapping[str, Values]


def formula(values: Values, samples: Sequence[Sample]) -> str | None:
    """Return the formula that gives the values at the samples, None if there is none.

    Args:
        values: The size at each sample.
        samples: The sizes of the inputs; at least three samples.
    """
    if len(set(values)) == 1:
        return None
    names = list(samples[0])
    columns = {name: [sample[name] for sample in samples] for name in names}
    for name, column in columns.items():
        if list(values) == column:
            return name
    few = {name: columns[name] for name in names[:_MOST_NAMES]}
    return _of_product(values, few) or _of_sum(values, few) or _multiple(values, few)


def _of_product(values: Values, columns: Columns) -> str | None:
    """Case 2: return `(p*product + b)//d` if it gives the values."""
    for product in _products(list(columns)):
        factors = zip(*(columns[name] for name in product), strict=True)
        scaled = _scaled("*".join(product), values, list(map(math.prod, factors)))
        if scaled is not None:
            return scaled
    return None


def _of_sum(values: Values, columns: Columns) -> str | None:
    """Case 3: return `a + b + c`, of two names and a number, if it gives the values."""
    for a, b in itertools.combinations(columns, 2):
        sums = zip(values, columns[a], columns[b], strict=True)
        rest = {value - x - y for value, x, y in sums}
        if len(rest) == 1:
            return f"{a} + {b}{_shift(rest.pop())}"
    return None


def _multiple(values: Values, columns: Columns) -> str | None:
    """Case 4: return `n*(formula) + r` if it gives the values."""
    n = math.gcd(*(value - values[0] for value in values))
    if n < 2:
        return None
    parts = [value // n for value in values]
    inner = _of_product(parts, columns) or _of_sum(parts, columns)
    return None if inner is None else f"{n}*({inner}){_shift(values[0] % n)}"


def _products(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the names, and products of two or three of them."""
    for count in (1, 2, 3):
        yield from itertools.combinations_with_replacement(names, count)


def _scaled(name: str, values: Values, column: Values) -> str | None:
    """Return `(p*name + b)//d` if it gives the values for one p, b and d alone."""
    slope = _slope(values, column)
    if slope is None or slope <= 0:
        return None
    p, d = slope.numerator, slope.denominator
    pairs = list(zip(values, column, strict=True))
    # d*v <= p*s + b < d*v + d at each sample.
    low = max(d * v - p * s for v, s in pairs)
    high = min(d * v + d - 1 - p * s for v, s in pairs)
    exact = all(d * v == p * s for v, s in pairs)
    if low != high and not exact:
        return None
    shift = 0 if exact else low
    term = name if p == 1 else f"{p}*{name}"
    if d == 1:
        return f"{term}{_shift(shift)}"
    return f"({term}{_shift(shift)})//{d}" if shift else f"{term}//{d}"


def _slope(values: Values, column: Values) -> Fraction | None:
    """Return the simplest ratio between a size and another that rounding allows."""
    first, last = column.index(min(column)), column.index(max(column))
    width, height = column[last] - column[first], values[last] - values[first]
    for d in range(1, _LARGEST_DIVISOR + 1 if width else 1):
        # height - 1 < p/d * width < height + 1
        p = (height - 1) * d // width + 1
        if p * width < (height + 1) * d:
            return Fraction(p, d)
    return None


def _shift(number: int) -> str:
    return "" if not number else f" {'+' if number > 0 else '-'} {abs(number)}"
