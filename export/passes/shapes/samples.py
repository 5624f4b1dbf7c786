"""Sample sizes: numbers in the place of the names of unknown sizes.

A formula for a size has to hold for sizes of every kind: small and large, odd ones, and
multiples of powers of two, which a model may need. So does each sample differ in kind
from the others. Within one of the `distinct` samples all names have different sizes; in
the `tied` ones all but the batch have the same, for models that need that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

BATCH = "batch"

Sample = Mapping[str, int]

# The batch, the first size, and how much each further one is larger. Numbers around
# multiples of 32 tell how a size was rounded.
_DISTINCT = (
    (2, 8, 4),
    (2, 4096, 1024),
    (3, 15, 7),
    (4, 32, 32),
    (5, 65, 32),
    (6, 1022, -32),
    (3, 127, 32),
    (7, 10, 3),
    (3, 128, 128),
    (3, 12, 5),
    (2, 64, 64),
)
_TIED = ((2, 8), (3, 15), (5, 32), (3, 64), (4, 101))
_ALONE = 12


def distinct(names: Sequence[str]) -> Iterator[Sample]:
    """Yield samples in which no two names have the same size."""
    for batch, first, step in _DISTINCT:
        others = (name for name in names if name != BATCH)
        sizes = {name: first + i * step for i, name in enumerate(others)}
        yield _with_batch(names, batch, sizes)


def tied(names: Sequence[str]) -> Iterator[Sample]:
    """Yield samples in which all names but the batch have the same size.

    In the last ones, one of them has the size 1, which broadcasts.
    """
    others = [name for name in names if name != BATCH]
    for batch, size in _TIED:
        yield _with_batch(names, batch, dict.fromkeys(others, size))
    for one in others:
        yield _with_batch(names, 3, dict.fromkeys(others, _ALONE) | {one: 1})


def _with_batch(names: Sequence[str], batch: int, sizes: dict[str, int]) -> Sample:
    return {BATCH: batch, **sizes} if BATCH in names else sizes
