"""Which modules of torch inside a model are in training mode: a call switches it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.untouched.layers import layers_within


@contextlib.contextmanager
def restored(layer: Any) -> Iterator[None]:
    """Restore the modes of torch's modules in a layer after a `with` block."""
    modules: dict[IdentityKey, tuple[Any, bool]] = {}
    if keras.backend.backend() == "torch":
        for one in layers_within(layer):
            for module in one.modules():
                modules.setdefault(IdentityKey(module), (module, module.training))
    try:
        yield
    finally:
        for module, training in modules.values():
            module.training = training
