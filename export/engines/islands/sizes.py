"""Which unknown sizes of an island's tensors are equal, and examples of them.

torch and JAX trace code on sizes that are given or have names, so it has to be known which
of them are one. Guesses are tried, the freest first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Axis = tuple[int, int]
"""The index of a tensor, and an axis of it."""

Group = Callable[[Axis], Hashable]

_GROUPS: tuple[Group, ...] = (
    lambda axis: axis,
    lambda axis: "batch" if axis[1] == 0 else axis,
    lambda axis: axis[1],
    lambda _axis: "all",
)
"""Each size for itself; the first axes alike; every axis alike; all alike."""

_SCALES: tuple[tuple[int, ...], ...] = (
    (5, 7, 11, 13, 17, 19, 23, 29),
    (6, 4, 8, 10, 12, 14, 16, 18),
    (32, 64, 96, 128, 160, 192, 224, 256),
)
"""Examples of sizes. Those that some code divides, or takes windows of, are larger."""


@dataclass(frozen=True)
class Sizes:
    """A guess which unknown sizes are equal, with an example.

    Attributes:
        shapes: The shapes of the tensors, with a group for each unknown size.
        examples: A size for each group.
    """

    shapes: tuple[tuple[int | _Unknown, ...], ...]
    examples: tuple[int, ...]

    def mapped(self, size: Callable[[int], Any]) -> list[tuple[Any, ...]]:
        """Return the shapes with a function of the group for each unknown size."""
        return [
            tuple(one if isinstance(one, int) else size(one.group) for one in shape)
            for shape in self.shapes
        ]

    def example(self) -> list[tuple[int, ...]]:
        """Return the shapes with the examples."""
        return self.mapped(lambda group: self.examples[group])

    def others(self) -> Iterator[list[tuple[int, ...]]]:
        """Yield shapes of other sizes, even and odd, small and large."""
        for scale in ((4, 8, 12, 16), (9, 15, 21, 27), (2, 3, 5, 7), (64, 96, 128, 32)):
            sizes = itertools.cycle(scale)
            chosen = [next(sizes) for _ in self.examples]
            yield self.mapped(chosen.__getitem__)


@dataclass(frozen=True)
class _Unknown:
    group: int


def guesses(shapes: Sequence[Sequence[int | None]]) -> Iterator[Sizes]:
    """Yield guesses which of the unknown sizes are equal, the freest first."""
    seen = set()
    for scale, group in itertools.product(_SCALES, _GROUPS):
        groups: dict[Hashable, int] = {}
        made = tuple(
            tuple(
                size
                if size is not None
                else _Unknown(groups.setdefault(group((index, axis)), len(groups)))
                for axis, size in enumerate(shape)
            )
            for index, shape in enumerate(shapes)
        )
        sizes = itertools.cycle(scale)
        guess = Sizes(made, tuple(next(sizes) for _ in groups))
        if guess not in seen:
            seen.add(guess)
            yield guess
