"""Operations of Keras that ONNX can't express, each with what is missing there.

An entry says which operator ONNX lacks and what was tried; `docs/coverage.md` and the
error that a model with such an operation raises are made of it.
"""

from __future__ import annotations

UNSUPPORTED: dict[str, str] = {
    "image.ElasticTransform": (
        "it draws a random displacement at every call, in a sequence of each backend's "
        "own that no ONNX operator repeats"
    ),
}
"""The reason by the kind of the operation, as in `converts`."""

UNSUPPORTED_LAYERS: dict[str, str] = {}
"""The reason by the name of the layer's class, for layers without a way into ONNX."""
