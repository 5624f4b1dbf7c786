"""The kind of a node: a stable name of what is called, to register converters by."""

from __future__ import annotations

from typing import Any

from keras_acts.functional import ActivationOperation

LAYER = "layer"
"""The kind of a layer that has its own converter."""

ISLAND = "trace.Island"
"""The kind of a call of a layer that the exporter of Keras's backend converts."""

UNPACK_INT4 = "trace.UnpackInt4"
"""The kind of a node that unpacks pairs of 4-bit integers."""


def operation_kind(operation: Any) -> str:
    """Return the kind of an operation of Keras or of one of our activations."""
    if isinstance(operation, ActivationOperation):
        return activation_kind(operation.function)
    return class_kind(type(operation))


def class_kind(cls: type) -> str:
    """Return the kind of a class of operations: `"numpy.Add"` for `keras.ops.add`."""
    return f"{cls.__module__.rsplit('.', 1)[-1]}.{cls.__name__}"


def activation_kind(function: str) -> str:
    """Return the kind of an activation, given the name of its function."""
    return f"keras_acts.{function}"
