"""Put patches in place all at once or not at all, and take them away exactly.

1. Everything is looked up, and everything that takes its place is made, before the
   first attribute is set.
2. What is about to be set is noted before it is set, so that an exception at any point,
   an interrupt too, leaves nothing behind that is not noted.
3. The patches stay while any thread needs them; the last one takes them away.
4. Who needs them is held weakly: whoever an interrupt keeps from saying that it is done
   is forgotten, and the next one to come or go cleans up.
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
    """An attribute of Keras, and what takes its place while a thread traces.

    Attributes:
        owner: The module or class that has the attribute, as `lookup.find` takes it.
        name: The attribute.
        wrap: Takes what is there, and returns what takes its place.
    """

    owner: str
    name: str
    wrap: Callable[[Any], Any]

    @property
    def path(self) -> str:
        """Where the attribute is, as `lookup.find` takes it."""
        return f"{self.owner}{'.' if ':' in self.owner else ':'}{self.name}"


@dataclass(frozen=True)
class _Change:
    """An attribute to set, what is there, and what takes its place."""

    owner: Any
    name: str
    original: Any
    replacement: Any


class _User:
    """Someone who needs the patches in place."""


class Installer:
    """Keeps patches in place while someone needs them."""

    def __init__(self, patches: Sequence[Patch]) -> None:
        self.patches = tuple(patches)
        self._lock = threading.Lock()
        self._users: weakref.WeakSet[_User] = weakref.WeakSet()
        self._made: list[_Change] = []

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Keep the patches in place meanwhile.

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
                    self._made.append(change)
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
        while self._made:
            change = self._made[-1]
            setattr(change.owner, change.name, change.original)
            self._made.pop()


def _change(patch: Patch) -> _Change:
    owner = lookup.find(patch.owner)
    if patch.name == "__bases__":  # no entry of `vars`
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
