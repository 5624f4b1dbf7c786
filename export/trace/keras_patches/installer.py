"""Installs all patches or none, and removes them without a trace.

1. All attributes are looked up, and all replacements created, before the first
   attribute is set.
2. Each change is noted before it is made, so that an exception at any point, even an
   interrupt, leaves no change behind that isn't noted.
3. The patches stay while any thread uses them; the last one removes them.
4. Users are held by weak references: one that an interrupt keeps from leaving is
   forgotten, and the next one to enter or leave cleans up.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keras_acts.export.trace.keras_patches import lookup, supported


@dataclass(frozen=True)
class Patch:
    """An attribute of Keras to replace while a thread traces.

    Attributes:
        owner: The module or class that has the attribute, as `lookup.find` takes it.
        name: The attribute.
        wrap: Takes the original and returns the replacement.
    """

    owner: str
    name: str
    wrap: Callable[[Any], Any]

    @property
    def path(self) -> str:
        """The path of the attribute, as `lookup.find` takes it."""
        return f"{self.owner}{'.' if ':' in self.owner else ':'}{self.name}"


@dataclass(frozen=True)
class _Change:
    """An attribute to set, its original and its replacement."""

    owner: Any
    name: str
    original: Any
    replacement: Any


class _User:
    """Someone who needs the patches installed."""


class Installer:
    """Keeps patches installed while someone needs them."""

    def __init__(self, patches: Sequence[Patch]) -> None:
        self.patches = tuple(patches)
        self._lock = threading.Lock()
        self._users: weakref.WeakSet[_User] = weakref.WeakSet()
        self._applied: list[_Change] = []

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Keep the patches installed inside a `with` block.

        Raises:
            UnsupportedKerasError: Keras lacks an attribute; nothing was changed.
        """
        user = _User()
        try:
            self._enter(user)
            yield
        finally:
            self._leave(user)

    def _enter(self, user: _User) -> None:
        with self._lock:
            if not self._users:
                self._restore()
                for change in self._changes():
                    self._applied.append(change)
                    setattr(change.owner, change.name, change.replacement)
            self._users.add(user)

    def _leave(self, user: _User) -> None:
        with self._lock:
            self._users.discard(user)
            if not self._users:
                self._restore()

    def _changes(self) -> list[_Change]:
        return [
            _change(patch) for patch in self.patches if supported.replaces(patch.path)
        ]

    def _restore(self) -> None:
        while self._applied:
            change = self._applied[-1]
            setattr(change.owner, change.name, change.original)
            self._applied.pop()


def _change(patch: Patch) -> _Change:
    """Look up the attribute of a patch, and create its replacement."""
    owner = lookup.find(patch.owner)
    if patch.name == "__bases__":  # not in `vars`
        original = owner.__bases__
    elif patch.name in vars(owner):
        original = vars(owner)[patch.name]
    else:
        lookup.refuse(patch.path)
    if isinstance(original, staticmethod):
        return _Change(
            owner, patch.name, original, staticmethod(patch.wrap(original.__func__))
        )
    return _Change(owner, patch.name, original, patch.wrap(original))
