"""The versions of the software that a verification rests on."""

from __future__ import annotations

import importlib.metadata

import keras

from keras_acts import __version__


def versions() -> dict[str, str]:
    """Return the versions of what is installed, and the name of Keras's backend."""
    backend = keras.backend.backend()
    names = ["onnx", "onnxruntime", "onnxruntime-gpu", "numpy", backend]
    found = {"keras-acts": __version__, "keras": keras.version(), "backend": backend}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
