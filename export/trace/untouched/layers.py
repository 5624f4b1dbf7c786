"""The layers inside a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.keras_patches import reads


def layers_within(layer: Any) -> Iterator[Any]:
    """Yield a layer and those inside it, each once."""
    seen: set[IdentityKey] = set()
    waiting = [layer]
    while waiting:
        one = waiting.pop()
        if IdentityKey(one) not in seen:
            seen.add(IdentityKey(one))
            yield one
            waiting.extend(reversed(list(reads.inner_layers(one))))
