"""The versions of the software used in a verification."""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys

from keras_acts._version import __version__


def versions() -> dict[str, str]:
    """Return the versions of the packages used, and the name of Keras's backend.

    Recorded answers are compared without Keras.
    """
    found = {"keras-acts": __version__}
    backend, keras = "", sys.modules.get("keras")
    if keras is not None:
        backend = keras.backend.backend()
        found |= {"keras": keras.version(), "backend": backend}
    for name in ("onnx", "onnxruntime", "onnxruntime-gpu", "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    # TensorFlow's distributions have several names, so the loaded module is asked.
    for name in (backend, "tensorflow"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found
