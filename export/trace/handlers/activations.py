"""Activations that draw random numbers in training: as the operations of their formula.

In inference each of ours is one operation, whose form `lowering` chooses.
"""

from __future__ import annotations

import inspect
from typing import Any

from keras import ops

from keras_acts import functional
from keras_acts.functional import ActivationOperation


def is_in_training(operation: Any, args: Any, kwargs: Any) -> bool:
    """Whether an operation is one of our activations, called with `training=True`."""
    if not isinstance(operation, ActivationOperation):
        return False
    return bool(_bound(operation, args, kwargs).get("training"))


def formula_of(operation: Any, args: Any, kwargs: Any) -> Any:
    """Return the result of an activation's formula, computed as eager calls do."""
    arguments = _bound(operation, args, kwargs)
    x = arguments.pop("x")
    dtype = operation.compute_output_spec(*args, **kwargs).dtype
    compute = "float32" if dtype in ("bfloat16", "float16") else dtype
    formula = getattr(functional, operation.function).formula
    return ops.cast(formula(ops.cast(x, compute), **arguments), dtype)


def _bound(operation: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    signature = inspect.signature(getattr(functional, operation.function))
    return dict(signature.bind(*args, **kwargs).arguments)
