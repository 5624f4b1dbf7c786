"""Keys for dictionaries and sets that compare objects by identity."""

from __future__ import annotations

from typing import Any


class IdentityKey:
    """Equal to the other keys of the same object, whatever its own `==` returns.

    It holds a reference: an `id` may be reused once its object is deleted.
    """

    __slots__ = ("_object",)

    def __init__(self, x: Any) -> None:
        self._object = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)
