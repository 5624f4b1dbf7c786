"""What the backend says that a function returns, without computing it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras

from keras_acts.export.trace.protocol import unrecorded


def backend_spec(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the shapes and dtypes of a function's results, None if it is refused.

    Args:
        function: Calls the backend.
        *args: Its positional arguments, with a `KerasTensor` for each tensor.
        **kwargs: Its keyword arguments, likewise.
    """
    infer = keras.Operation.compute_output_spec
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as an error, one would count as a refusal
            # Keras's own way for an operation without shape inference.
            return unrecorded(infer, SimpleNamespace(call=function), *args, **kwargs)
    except Exception:
        return None
