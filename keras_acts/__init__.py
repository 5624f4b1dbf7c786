"""Activation layers for Keras 3, and a verified way from a Keras model to ONNX.

`keras_acts.functional` holds the activations as pure functions, `keras_acts.layers`
as layers, `keras_acts.catalogue` lists them. `keras_acts.export` turns a model into
ONNX; it is imported on request, because it needs the `[onnx]` extra.
"""

import importlib
from typing import TYPE_CHECKING, Any

from keras_acts._backend import explained, goes_without_keras
from keras_acts._version import __version__

# The command line imports Keras, which takes seconds, only where it reads a model.
if TYPE_CHECKING or not goes_without_keras():
    with explained():
        from keras_acts import (
            _maxout_conv,  # noqa: F401 - registered, so that files load
            functional,
            layers,
        )
        from keras_acts._identifiers import register_names, register_qualified_names

    register_qualified_names()

if TYPE_CHECKING:
    from keras_acts.advice.checking import check
    from keras_acts.advice.initializers import initializer_for
    from keras_acts.advice.suggesting import suggest
    from keras_acts.diagnosis import DiagnosisCallback, diagnose
    from keras_acts.plotting import plot

_LAZY = {
    "DiagnosisCallback": "keras_acts.diagnosis",
    "check": "keras_acts.advice.checking",
    "diagnose": "keras_acts.diagnosis",
    "initializer_for": "keras_acts.advice.initializers",
    "plot": "keras_acts.plotting",
    "plotting": "keras_acts.plotting",
    "suggest": "keras_acts.advice.suggesting",
}
"""Public names that are imported when they are asked for, and where they stand."""

__all__ = [
    "DiagnosisCallback",
    "__version__",
    "check",
    "diagnose",
    "functional",
    "initializer_for",
    "layers",
    "plot",
    "register_names",
    "suggest",
]


def __getattr__(name: str) -> Any:
    """Import what few programs need.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in _LAZY:
        raise AttributeError(f"module 'keras_acts' has no attribute {name!r}")
    module = importlib.import_module(_LAZY[name])
    return module if _LAZY[name].endswith(f".{name}") else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
