"""What a file answers where a backend of Keras answers otherwise, or refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

Function = Callable[..., Any]


@dataclass(frozen=True)
class On:
    """A reference on some backends alone; the others compare their own answers."""

    backends: tuple[str, ...]
    function: Function


def on(backends: str, reference: Function) -> On | None:
    """Return a reference for backends, their names apart by blanks; None for none."""
    return On(tuple(backends.split()), reference) if backends else None


def here(reference: Function | On | None) -> Function | None:
    """Return what stands in for Keras's answer on the active backend, if anything."""
    if not isinstance(reference, On):
        return reference
    is_here = keras.backend.backend() in reference.backends
    return reference.function if is_here else None


NO_AXES = "forgets `keepdims` without an axis"
KNOWN = {
    **{
        ("torch", name): NO_AXES
        for name in ("amax", "amin", "max", "min", "nanprod", "prod", "ptp")
    },
    ("torch", "count_nonzero"): "transposes the result",
    ("torch", "dot"): "broadcasts the outer axes, as `matmul` does",
    ("torch", "nonzero"): "returns one tensor, not one for each axis",
    ("torch", "squeeze"): "leaves an axis that is not 1",
}
"""Where a backend itself does otherwise than Keras documents, and the file as Keras."""
