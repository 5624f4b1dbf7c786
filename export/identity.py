"""Keys of dictionaries and sets that stand for an object itself."""

from __future__ import annotations

from typing import Any


class IdentityKey:
    """Equal to another key of the same object, whatever the object's own `==` says.

    It holds the object: an `id` alone may be that of another one once its own is gone.
    """

    __slots__ = ("_object",)

    def __init__(self, x: Any) -> None:
        self._object = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)
