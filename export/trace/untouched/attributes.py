"""What layers keep of a call: no tensor of the trace may stay in a model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.tensors import TracedTensor
from keras_acts.export.trace.untouched import torch_modes
from keras_acts.export.trace.untouched.layers import layers_within

_MISSING = object()


@contextlib.contextmanager
def untouched(layer: Any) -> Iterator[None]:
    """Leave a layer, and those inside it, in their modes and with their attributes."""
    with torch_modes.restored(layer), restored(layer):
        yield


@contextlib.contextmanager
def restored(layer: Any) -> Iterator[None]:
    """Put back what a `with` block replaces in layers' attributes by traced tensors.

    A layer may keep what its first call computed, as a table of positions, in an
    attribute, or in a list or dict that it has, however deep: later calls would return
    tensors without values.
    """
    attributes = [(one, dict(vars(one))) for one in layers_within(layer)]
    containers = _Containers()
    for _, values in attributes:
        containers.add(values)
    try:
        yield
    finally:
        containers.restore()
        for one, values in attributes:
            _restore(vars(one), values)


@dataclass(frozen=True)
class _Container:
    """A list or dict, and the items that it had."""

    now: Any
    before: Any

    def restore(self) -> None:
        """Put its items back, past what Keras does where they change."""
        if isinstance(self.now, dict):
            dict.clear(self.now)
            dict.update(self.now, self.before)
        else:
            list.clear(self.now)
            list.extend(self.now, self.before)


class _Containers:
    """The lists and dicts among values and inside one another, each once."""

    def __init__(self) -> None:
        self._found: dict[IdentityKey, _Container] = {}

    def add(self, value: Any) -> None:
        """Note those in a list, tuple or dict."""
        for item in value.values() if isinstance(value, dict) else value:
            if not isinstance(item, (dict, list, tuple)):
                continue
            if IdentityKey(item) in self._found:
                continue
            if not isinstance(item, tuple):
                items = dict(item) if isinstance(item, dict) else list(item)
                self._found[IdentityKey(item)] = _Container(item, items)
            self.add(item)

    def restore(self) -> None:
        """Put back the items of those that now hold a traced tensor themselves."""
        for one in self._found.values():
            if _is_traced(one.now):
                one.restore()


def _restore(now: dict[str, Any], before: dict[str, Any]) -> None:
    for name in [name for name, value in now.items() if _is_traced(value)]:
        if before.get(name, _MISSING) is _MISSING:
            del now[name]
        else:
            now[name] = before[name]


def _is_traced(value: Any) -> bool:
    """Whether a value is a tensor of a trace, or a list, tuple or dict with one."""
    if isinstance(value, dict):  # of any keys, which Keras's trees would sort
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(map(_is_traced, value))
    return isinstance(value, TracedTensor)
