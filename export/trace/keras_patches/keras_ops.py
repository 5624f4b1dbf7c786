"""Patches of the backend functions that `keras.ops` calls.

The modules of `keras.ops` look functions up in `backend.core`, `backend.numpy`, ….
While a thread traces, the functions listed here are wrapped there: they record the call
if an argument is traced. All others are the backend's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from keras_acts.export.trace.handlers.control_flow import CALLS
from keras_acts.export.trace.keras_patches import lookup, wrappers
from keras_acts.export.trace.keras_patches.vectorize import vectorize

Wrap = Callable[[Any], Any]

CREATIONS = ("empty", "eye", "full", "identity", "linspace", "ones", "tri", "zeros")

_SIZED = {
    "bincount": "numpy.Bincount",
    "broadcast_to": "numpy.BroadcastTo",
    "clip": "numpy.Clip",
    "repeat": "numpy.Repeat",
    "roll": "numpy.Roll",
    "tile": "numpy.Tile",
    "trapezoid": "numpy.Trapezoid",
}

_CONSTANTS = ("pad", "tril", "triu", "unravel_index")

_OF_WEIGHTS = ("expand_dims", "matmul", "reshape", "squeeze", "transpose")

_CORE: dict[str, Wrap] = {
    **{name: wrappers.control_flow(call) for name, call in CALLS.items()},
    "is_tensor": wrappers.is_tensor,
    "scatter": wrappers.of_constants,
    "cast": wrappers.of_weights,
    "convert_to_tensor": wrappers.of_weights,
    "custom_gradient": wrappers.custom_gradient,
    "slice": wrappers.slice_of,
}

_NUMPY: dict[str, Wrap] = {
    **dict.fromkeys(CREATIONS, wrappers.where_traced(wrappers.creation)),
    **{name: wrappers.sized(kind) for name, kind in _SIZED.items()},
    **dict.fromkeys(_OF_WEIGHTS, wrappers.of_weights),
    **dict.fromkeys(_CONSTANTS, wrappers.of_constants),
    "vectorize": vectorize,
}

_MATH = ("segment_max", "segment_min", "segment_prod", "segment_sum", "top_k")

FUNCTIONS: Mapping[str, Mapping[str, Wrap]] = {
    "core": _CORE,
    "image": {"resize": wrappers.of_constants},
    "math": dict.fromkeys(_MATH, wrappers.of_constants),
    "nn": {"one_hot": wrappers.of_constants},
    "numpy": _NUMPY,
}
"""The wrapper of each function, by module of the backend."""


class Replaced(ModuleType):
    """A module with some of its attributes replaced."""

    def __init__(self, original: ModuleType, replaced: Mapping[str, Any]) -> None:
        super().__init__(original.__name__, original.__doc__)
        self._original = original
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def recorded(backend: ModuleType) -> ModuleType:
    """Return Keras's backend with the functions of `FUNCTIONS` wrapped."""
    return Replaced(
        backend,
        {
            name: _wrapped(getattr(backend, name), wraps)
            for name, wraps in FUNCTIONS.items()
        },
    )


def _wrapped(module: ModuleType, wraps: Mapping[str, Wrap]) -> ModuleType:
    """Return a module with some of its functions wrapped."""
    replaced = {}
    for name, wrap in wraps.items():
        if not hasattr(module, name):
            lookup.refuse(f"{module.__name__}:{name}")
        replaced[name] = wrap(getattr(module, name))
    return Replaced(module, replaced)
