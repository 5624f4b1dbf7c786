"""The sizes of a model's unknown axes that it takes, searched once a verification.

The usual sizes come first, then smaller ones, for a table of few positions, then larger
ones, for a network that crops thousands of steps. The two values of each size are
searched one after the other: the second may have to divide like the first, as in a
network that halves its axes several times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.inputs.generator import Generator, Sizes

FACTORS = (1, *(Fraction(1, 2**n) for n in (1, 2, 3)), *(2**n for n in range(1, 13)))
"""The first sizes, as multiples of the usual ones."""

SECOND = (Fraction(3, 2), Fraction(5, 4), 2, 4, Fraction(1, 2), 1)
"""The second sizes, as multiples of the first, where the usual ones are refused."""

_MOST_ELEMENTS = 1 << 24

Attempt = Callable[[Case], str | None]
"""Runs the model, and returns why it doesn't take the inputs, or None."""


def searched(generator: Generator, attempt: Attempt) -> tuple[Generator, str | None]:
    """Return a generator whose sizes the model takes.

    Returns:
        The generator, and why the model takes none of the sizes, or None.
    """
    if not generator.has_unknown_sizes:
        return generator, None
    usual, refusal = generator.sizes, None
    for sizes in map(usual.scaled, FACTORS):
        found = replace(generator, sizes=sizes)
        if found.elements > _MOST_ELEMENTS:
            break
        problem = attempt(found.probe(0))
        refusal = refusal or problem
        if problem is None:
            return replace(generator, sizes=_second(found, attempt)), None
    return generator, refusal


def _second(generator: Generator, attempt: Attempt) -> Sizes:
    """Return the sizes with a second value that the model takes as well."""
    for sizes in _candidates(generator.sizes):
        if attempt(replace(generator, sizes=sizes).probe(1)) is None:
            return sizes
    return generator.sizes.with_second(1)


def _candidates(sizes: Sizes) -> Iterator[Sizes]:
    yield sizes
    for factor in SECOND:
        yield sizes.with_second(factor)
