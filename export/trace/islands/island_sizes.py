"""Which unknown sizes of an island's tensors are equal, and examples of them.

torch and JAX trace code on sizes that are given or have names, so it has to be known
which of them are one. Guesses are tried, the freest first.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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

_OTHERS: tuple[tuple[int, ...], ...] = (
    (4, 8, 12, 16),
    (9, 15, 21, 27),
    (2, 3, 5, 7),
    (64, 96, 128, 160),
)


_ENOUGH = 3
"""So many examples tell what depends on which size. Each runs the layer."""


@dataclass(frozen=True)
class _Unknown:
    group: int


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
        return self.mapped(self.examples.__getitem__)

    def others(self) -> Iterator[Sizes]:
        """Yield the guess with other examples: even and odd, small and large."""
        for scale in _OTHERS:
            sizes = itertools.cycle(scale)
            yield Sizes(self.shapes, tuple(next(sizes) for _ in self.examples))

    def axis_of(self, group: int) -> Axis:
        """Return the first axis of a tensor whose size is of a group."""
        return next(
            (index, axis)
            for index, shape in enumerate(self.shapes)
            for axis, size in enumerate(shape)
            if size == _Unknown(group)
        )


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


@dataclass(frozen=True)
class Alike:
    """What is known of the sizes of a function's results, whatever it is given.

    Attributes:
        sources: For axes of the results the axes of the tensors of the same size.
        constants: For axes of the results the size that they always have.
    """

    sources: Mapping[Axis, Axis] = field(default_factory=dict)
    constants: Mapping[Axis, int] = field(default_factory=dict)


def alike(
    sizes: Sizes, results: Callable[[Sequence[tuple[int, ...]]], list[tuple[Any, ...]]]
) -> Alike:
    """Find out which sizes of the results are sizes of the tensors, or constant.

    Args:
        sizes: The guess of equal sizes.
        results: Returns the shapes of the results for those of the tensors; it raises
            an error where they don't fit.
    """
    seen = [(sizes, results(sizes.example()))]
    for other in sizes.others():
        with contextlib.suppress(Exception):  # other sizes need not fit
            seen.append((other, results(other.example())))
        if len(seen) == _ENOUGH:
            break
    if len(seen) == 1:
        return Alike()
    sources: dict[Axis, Axis] = {}
    constants: dict[Axis, int] = {}
    for index, shape in enumerate(seen[0][1]):
        for axis, size in enumerate(shape):
            found = [got[index][axis] for _, got in seen]
            if size is not None and found.count(size) == len(found):
                constants[index, axis] = size
            for group in range(len(sizes.examples)):
                if found == [one.examples[group] for one, _ in seen]:
                    sources[index, axis] = sizes.axis_of(group)
    return Alike(sources, constants)
