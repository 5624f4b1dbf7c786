"""Keeps what other packages log out of the user's terminal, for a while."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class _Silenced:
    """A logger that somebody needs silent, and the level to give back."""

    level: int
    users: int = 0


class Silencer:
    """Raises the levels of loggers while any thread needs that.

    A level belongs to the process, so the first user notes it and the last one restores
    it: of two that overlap, the second would take the first one's level for the user's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silenced: dict[str, _Silenced] = {}

    @contextlib.contextmanager
    def silenced(self, *names: str, level: int = logging.CRITICAL) -> Iterator[None]:
        """Log only from a level on in a `with` block.

        Args:
            names: Names of loggers; those below them are silent too.
            level: The lowest level that is logged. Of several users, the highest holds.
        """
        with self._lock:
            for name in names:
                self._enter(name, level)
        try:
            yield
        finally:
            with self._lock:
                for name in names:
                    self._leave(name)

    def _enter(self, name: str, level: int) -> None:
        logger = logging.getLogger(name)
        one = self._silenced.setdefault(name, _Silenced(logger.level))
        one.users += 1
        logger.setLevel(max(level, logger.level))

    def _leave(self, name: str) -> None:
        one = self._silenced[name]
        one.users -= 1
        if not one.users:
            logging.getLogger(name).setLevel(one.level)
            del self._silenced[name]


silenced = Silencer().silenced
"""Silences loggers, by one count for the process."""


@contextlib.contextmanager
def quiet(*names: str) -> Iterator[None]:
    """Silence what loggers log, and all warnings, in a `with` block."""
    with silenced(*names), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
