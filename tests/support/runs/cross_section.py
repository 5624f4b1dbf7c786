"""The cross-section of the suite that plain `pytest` runs, to take minutes.

It has every test that isn't parametrized, unless it is marked `slow`, and of each table
of cases one in `CASES`, at least one, drawn by name: the same on each backend.
`pytest --rest` runs the others, and `pytest --all` both.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence

import pytest

CASES = 10
"""One in so many cases of a table is in the cross-section."""

MARKS = ("heavy", "sweep")


def left_out(items: Sequence[pytest.Item], *, rest: bool) -> list[pytest.Item]:
    """Return the tests that a run leaves out.

    Args:
        items: All tests.
        rest: Whether the run is of those outside of the cross-section.
    """
    drawn = _cross_section(items)
    return [item for item in items if (item.nodeid in drawn) is rest]


def _cross_section(items: Sequence[pytest.Item]) -> set[str]:
    """Return the tests of the cross-section, with all that were asked for by a mark."""
    chosen: list[pytest.Item] = []
    quick = (item for item in items if not item.get_closest_marker("slow"))
    for table in _tables(quick).values():
        asked = [item for item in table if any(map(item.get_closest_marker, MARKS))]
        drawn = [item for item in table if _number(item) % CASES == 0]
        chosen += asked + (drawn or [min(table, key=_number)])
    return {item.nodeid for item in chosen}


def _tables(items: Iterable[pytest.Item]) -> Mapping[str, Sequence[pytest.Item]]:
    """Return the cases of each test by the name that they share."""
    tables: dict[str, list[pytest.Item]] = {}
    for item in items:
        tables.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return tables


def _number(item: pytest.Item) -> int:
    """Return a number that depends on the name alone."""
    return zlib.crc32(f"cross-section {item.nodeid}".encode())
