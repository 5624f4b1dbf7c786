"""Unique names."""

from __future__ import annotations

from collections.abc import Iterable


class UniqueNames:
    """Returns each name once: unchanged, or with the lowest number that is free."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def reserve(self, name: str) -> None:
        """Mark a name as taken."""
        self._taken.add(name)

    def unique(self, name: str) -> str:
        """Return a name that is not taken, and mark it as taken."""
        number = self._numbers.get(name, 0)
        candidate = f"{name}_{number}" if number else name
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._numbers[name] = number
        self._taken.add(candidate)
        return candidate
