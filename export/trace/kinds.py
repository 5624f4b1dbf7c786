"""The kind of a node: what is called, as a stable name that converters go by."""

from __future__ import annotations

from typing import Any

from keras_acts.functional import ActivationOperation

LAYER = "layer"
"""The kind of a layer that has a converter of its own."""


def operation_kind(operation: Any) -> str:
    """Return the kind of an operation, Keras's own or one of our activations."""
    if isinstance(operation, ActivationOperation):
        return activation_kind(operation.function)
    return class_kind(type(operation))


def class_kind(cls: type) -> str:
    """Return the kind of a class's operations: `"numpy.Add"` for `keras.ops.add`."""
    return f"{cls.__module__.rsplit('.', 1)[-1]}.{cls.__name__}"


def activation_kind(function: str) -> str:
    """Return the kind of an activation's operations, by the name of its function."""
    return f"keras_acts.{function}"
