"""A module of Keras with some of its attributes replaced."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any


class Replaced(ModuleType):
    """A module that has some attributes of its own, and all others of another one."""

    def __init__(self, original: ModuleType, replaced: Mapping[str, Any]) -> None:
        super().__init__(original.__name__, original.__doc__)
        self._original = original
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)
