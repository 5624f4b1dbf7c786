"""What layers keep of a call: no tensor of the trace may stay in a model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from keras_acts.export.trace.tensors import TracedTensor
from keras_acts.export.trace.untouched import torch_modes

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
    attribute or in a list or dict that it has: later calls would return tensors without
    values.
    """
    before = [(one, dict(vars(one))) for one in torch_modes.layers_within(layer)]
    held = [
        (value, _items(value))
        for _, attributes in before
        for value in attributes.values()
        if isinstance(value, (dict, list))
    ]
    try:
        yield
    finally:
        for value, items in held:
            if _is_traced(value):
                _refill(value, items)
        for one, attributes in before:
            _restore(vars(one), attributes)


def _items(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else list(value)


def _refill(value: Any, items: Any) -> None:
    """Give a list or dict its items again, past what Keras does where they change."""
    kind = dict if isinstance(value, dict) else list
    kind.clear(value)
    dict.update(value, items) if kind is dict else list.extend(value, items)


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
