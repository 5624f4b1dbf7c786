"""How far the optimizer would move each weight with the gradients at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

Array = np.ndarray[Any, np.dtype[Any]]


def norms(tensors: Sequence[Any]) -> Array:
    """Return the Euclidean norm of each tensor, in one transfer."""
    if not tensors:
        return np.zeros(0)
    squares = [ops.sum(ops.square(ops.cast(x, "float32"))) for x in tensors]
    return np.sqrt(np.asarray(ops.convert_to_numpy(ops.stack(squares)), np.float64))


def next_update(model: Any, gradients: Sequence[Any]) -> Array | None:
    """Return the norm of the change that the next step would make to each weight.

    A copy of the optimizer, with its state, moves copies of the weights: neither the
    model nor its optimizer change.

    Args:
        model: A compiled model.
        gradients: Of its trainable variables; None where there is none.

    Returns:
        None if the model has no optimizer, or one that can't be copied.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not len(gradients):
        return None
    variables = model.trainable_variables
    copies = [_copy(one) for one in variables]
    twin = _copied(optimizer, copies)
    if twin is None:
        return None
    factor = twin.scale_loss(ops.ones(()))
    known = [i for i, gradient in enumerate(gradients) if gradient is not None]
    scaled = [gradients[i] * ops.cast(factor, gradients[i].dtype) for i in known]
    moved = _moved(twin, scaled, [copies[i] for i in known])
    found = np.zeros(len(variables))
    found[known] = norms(
        [new - variables[i].value for new, i in zip(moved, known, strict=True)]
    )
    return found


def _moved(optimizer: Any, gradients: list[Any], variables: list[Any]) -> list[Any]:
    """Return what a step of an optimizer makes of variables."""
    if keras.backend.backend() == "jax":  # where a scaled loss has no other step
        state = [one.value for one in optimizer.variables]
        values = [one.value for one in variables]
        return list(optimizer.stateless_apply(state, gradients, values)[0])
    optimizer.apply(gradients, variables)
    return [one.value for one in variables]


def _copy(variable: Any) -> keras.Variable:
    """Return a variable of the same value, and in memory of its own."""
    value = ops.stop_gradient(variable.value) + ops.zeros((), variable.dtype)
    return keras.Variable(value, dtype=variable.dtype, name=variable.name)


def _copied(optimizer: Any, variables: list[Any]) -> Any:
    """Return a copy of an optimizer and its state; None if it can't be copied."""
    try:
        twin = type(optimizer).from_config(optimizer.get_config())
        twin.build(variables)
    except (NotImplementedError, TypeError, ValueError):  # one of the user's own
        return None
    if optimizer.built:
        for new, old in zip(twin.variables, optimizer.variables, strict=True):
            new.assign(old.value)
    return twin
