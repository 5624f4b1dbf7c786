"""Names of which no two are equal."""

from __future__ import annotations

from collections.abc import Iterable


class UniqueNames:
    """Gives each name once: as it is, or with the lowest number that makes it new."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def reserve(self, name: str) -> None:
        """Keep a name from being given."""
        self._taken.add(name)

    def unique(self, name: str) -> str:
        """Return a name that was not given before."""
        number = self._numbers.get(name, 0)
        candidate = f"{name}_{number}" if number else name
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._numbers[name] = number
        self._taken.add(candidate)
        return candidate
