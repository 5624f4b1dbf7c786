"""Activation layers for Keras 3, and a verified way from a Keras model to ONNX.

`keras_acts.functional` holds the activations as pure functions, `keras_acts.layers`
as layers, `keras_acts.catalogue` lists them. `keras_acts.export` turns a model into
ONNX; it is imported on request, because it needs the `[onnx]` extra.
"""

from typing import TYPE_CHECKING

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

__all__ = ["__version__", "functional", "layers", "register_names"]
