"""Which tests each backend runs where all of them run.

The first backend runs every test. The others leave out what one backend proves
(`runs_once`), and take turns with what hardly depends on the backend (`in_turn`): each
of them runs one in `TURNS`, drawn by the test's name. In plain `pytest` and in `pytest
--rest` they take turns with all that isn't of one backend. `pytest --answers` runs what
is marked `in_turn` on each.
"""

from __future__ import annotations

import zlib

import pytest

from support.backends import BACKENDS, FIRST

TURNS = 8
"""One in so many of the tests that take turns runs on a backend but the first."""

OTHERS = tuple(name for name in BACKENDS if name != FIRST)

OWN = ("answers_differ", "files_differ", "skipif")
"""Marks of tests that each backend runs for itself."""


def runs_here(
    item: pytest.Item, backend: str, *, answers: bool, shared_out: bool = False
) -> bool:
    """Tell whether a backend runs a test in a run of all backends.

    Args:
        item: The test.
        backend: The backend of this process.
        answers: Whether answers are compared on every backend.
        shared_out: Whether all tests take turns that aren't of one backend.
    """
    if backend == FIRST:
        return True
    if item.get_closest_marker("runs_once"):
        return False
    turn = OTHERS.index(backend) if backend in OTHERS else 0
    is_own = any(map(item.get_closest_marker, OWN))
    takes_turns = not answers and item.get_closest_marker("in_turn")
    if takes_turns or (shared_out and not is_own):
        return zlib.crc32(item.nodeid.encode()) % TURNS == turn
    return True


def may_be_elsewhere(item: pytest.Item, *, shared_out: bool = False) -> bool:
    """Tell whether a test may run on one backend and not on another."""
    return shared_out or any(map(item.get_closest_marker, ("runs_once", "in_turn")))
