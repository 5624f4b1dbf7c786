"""Finds private parts of Keras, or says which one is missing."""

from __future__ import annotations

import pkgutil
from typing import Any, NoReturn

import keras

from keras_acts.export.errors import UnsupportedKerasError
from keras_acts.export.trace.keras_patches import supported


def find(path: str) -> Any:
    """Return the object of Keras at a path such as `"keras.src.ops.core:Slice"`.

    Raises:
        UnsupportedKerasError: This Keras has no such object.
    """
    try:
        return pkgutil.resolve_name(path)
    except (ImportError, AttributeError) as error:
        refuse(path, error)


def refuse(path: str, cause: Exception | None = None) -> NoReturn:
    """Raise the error for a part of Keras that is missing.

    Raises:
        UnsupportedKerasError: Always.
    """
    raise UnsupportedKerasError(
        f"Keras has no `{path.replace(':', '.')}`, which tracing a model needs. "
        f"Expected Keras {supported.tried_range()}: install one of these, or a newer "
        f"keras-acts. Received: keras=={keras.__version__}"
    ) from cause
