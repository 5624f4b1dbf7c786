"""Which tests each backend runs where all of them run.

The first backend runs every test. The others leave out what one backend proves
(`runs_once`), and take turns with what hardly depends on the backend (`in_turn`): each
of them runs one in `TURNS`, drawn by the test's name. `pytest --answers` runs them all.
"""

from __future__ import annotations

import zlib

import pytest

from support.backends import BACKENDS, FIRST

TURNS = 4
"""One in so many of the tests marked `in_turn` runs on a backend but the first."""

OTHERS = tuple(name for name in BACKENDS if name != FIRST)


def runs_here(item: pytest.Item, backend: str, *, answers: bool) -> bool:
    """Tell whether a backend runs a test in a run of all backends.

    Args:
        item: The test.
        backend: The backend of this process.
        answers: Whether answers are compared on every backend.
    """
    if backend == FIRST:
        return True
    if item.get_closest_marker("runs_once"):
        return False
    if answers or not item.get_closest_marker("in_turn"):
        return True
    turn = OTHERS.index(backend) if backend in OTHERS else 0
    return zlib.crc32(item.nodeid.encode()) % TURNS == turn


def may_be_elsewhere(item: pytest.Item) -> bool:
    """Tell whether a test may run on one backend and not on another."""
    return any(map(item.get_closest_marker, ("runs_once", "in_turn")))
