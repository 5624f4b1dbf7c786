"""The versions of the software used in a verification."""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys

import keras

from keras_acts import __version__


def versions() -> dict[str, str]:
    """Return the versions of the packages used, and the name of Keras's backend."""
    backend = keras.backend.backend()
    found = {"keras-acts": __version__, "keras": keras.version(), "backend": backend}
    for name in ("onnx", "onnxruntime", "onnxruntime-gpu", "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    # TensorFlow's distributions have several names, so the loaded module is asked.
    for name in (backend, "tensorflow"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found
