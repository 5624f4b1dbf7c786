"""Patch of `ops.vectorize`, whose functions become maps on traced tensors.

Keras parses the signature and aligns the axes; the `vmap` that it calls is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.tensors import has_traced


def vectorize(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `ops.vectorize`, so that vectorized functions accept traced tensors."""

    def wrapped(
        pyfunc: Callable[..., Any], *, excluded: Any = None, signature: Any = None
    ) -> Callable[..., Any]:
        arguments = {"excluded": excluded, "signature": signature}
        eager = original(pyfunc, **arguments)
        traced = reads.vectorize(pyfunc, _vmap, **arguments)

        def call(*args: Any, **kwargs: Any) -> Any:
            return (traced if has_traced((args, kwargs)) else eager)(*args, **kwargs)

        return call

    return wrapped


def _vmap(function: Callable[..., Any], in_axes: Any) -> Callable[..., Any]:
    """Map a function over the first axis of the arguments that have an axis.

    It becomes an `ops.vectorized_map`, like `jax.vmap` with `in_axes` of 0 or None.
    """

    def mapped(*args: Any) -> Any:
        def one(elements: Any) -> Any:
            given = iter(elements)
            return function(
                *(
                    x if axis is None else next(given)
                    for x, axis in zip(args, in_axes, strict=True)
                )
            )

        pairs = zip(args, in_axes, strict=True)
        return keras.ops.vectorized_map(one, tuple(x for x, a in pairs if a == 0))

    return mapped
