"""Sample sizes: numbers in the place of the names of unknown sizes.

A formula for a size has to hold for sizes of every kind: small and large, odd ones, and
multiples of powers of two, which a model may need. So does each sample differ in kind
from the others. Sizes that a model needs to be equal are in one class of a partition;
different classes have different sizes.
"""

from __future__ import annotations

import itertools
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

_MOST_NAMES = 5
"""Of more names, only the finest and the coarsest partition are tried."""

_WITH_ONES = 3
"""So many samples are tried with each name as 1."""

Partition = tuple[tuple[str, ...], ...]


def partitions(names: Sequence[str]) -> list[list[Partition]]:
    """Return the partitions of the names but the batch, the finest ones first.

    Those in one list have as many classes.
    """
    others = [name for name in names if name != BATCH]
    if len(others) > _MOST_NAMES:
        return [[tuple((name,) for name in others)], [(tuple(others),)]]
    by_count: dict[int, list[Partition]] = {}
    for one in _partitions(others):
        by_count.setdefault(len(one), []).append(one)
    return [by_count[count] for count in sorted(by_count, reverse=True)]


def _partitions(names: Sequence[str]) -> Iterator[Partition]:
    if not names:
        yield ()
        return
    *rest, last = names
    for partition in _partitions(rest):
        for i, one in enumerate(partition):
            yield (*partition[:i], (*one, last), *partition[i + 1 :])
        yield (*partition, (last,))


def of_partition(names: Sequence[str], partition: Partition) -> Iterator[Sample]:
    """Yield samples in which classes have different sizes."""
    for batch, first, step in _DISTINCT:
        sizes = dict[str, int]()
        for i, alike in enumerate(partition):
            sizes |= dict.fromkeys(alike, first + i * step)
        yield _with_batch(names, batch, sizes)


def with_ones(names: Sequence[str], partition: Partition) -> Iterator[Sample]:
    """Yield samples in which one name of a larger class is 1, which broadcasts."""
    several = [name for one in partition if len(one) > 1 for name in one]
    chosen = itertools.islice(of_partition(names, partition), _WITH_ONES)
    for sample, name in itertools.product(chosen, several):
        yield {**sample, name: 1}


def _with_batch(names: Sequence[str], batch: int, sizes: dict[str, int]) -> Sample:
    return {BATCH: batch, **sizes} if BATCH in names else sizes
