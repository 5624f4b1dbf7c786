"""Functions of several tensors, element by element, with derivatives of their own.

The automatic derivative multiplies the upstream gradient by one factor after another.
A product of two of them may overflow, or multiply infinity by 0, although the
derivative is finite; and a branch that is not taken multiplies 0 by what may be
infinite. So each derivative is computed by itself here, and multiplied once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, cast

import keras
from keras import ops

Tensor = Any
Map = Callable[..., Tensor]


def pointwise(
    value: Map, slopes: tuple[Map, ...], *tensors: Tensor, like: Tensor = None
) -> Tensor:
    """Return `value(*tensors)`, whose derivatives are `slopes`.

    Args:
        value: The function.
        slopes: Its derivative with respect to each tensor, as a function of all. They
            are differentiated in turn for derivatives of higher order. All are
            functions of a module, since what is made of them is cached.
        *tensors: Tensors and numbers that broadcast against each other.
        like: The tensor whose dtype numbers take. By default the first.
    """
    first = tensors[0] if like is None else like
    tensors = broadcast(tensors, first)
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        from keras_acts.functional import _torch_gradient

        if torch.jit.is_tracing() or not any(x.requires_grad for x in tensors):
            return value(*tensors)
        return _torch_gradient.pointwise_function().apply(value, *slopes, *tensors)
    if backend not in _MAKERS:  # NumPy and OpenVINO, which don't differentiate
        return value(*tensors)
    return _MAKERS[backend](value, slopes)(*tensors)


def broadcast(tensors: Sequence[Tensor], like: Tensor) -> tuple[Tensor, ...]:
    """Return tensors of one shape; numbers take the dtype of `like`."""
    full = [
        ops.convert_to_tensor(x, dtype=like.dtype) if isinstance(x, int | float) else x
        for x in tensors
    ]
    if keras.backend.backend() == "torch":
        import torch

        return tuple(torch.broadcast_tensors(*full))
    if all(tuple(x.shape) == tuple(like.shape) for x in full):
        return tuple(full)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        shape = functools.reduce(
            tf.broadcast_dynamic_shape, [tf.shape(x) for x in full]
        )
        return tuple(tf.broadcast_to(x, shape) for x in full)
    if keras.backend.backend() == "jax":
        import jax

        return tuple(jax.numpy.broadcast_arrays(*full))  # symbolic sizes too
    import numpy as np

    shape = np.broadcast_shapes(*(tuple(x.shape) for x in full))
    return tuple(ops.broadcast_to(x, shape) for x in full)


@functools.cache
def _jax_pointwise(value: Map, slopes: tuple[Map, ...]) -> Map:
    import jax
    from jax.custom_derivatives import SymbolicZero

    function = jax.custom_jvp(value)

    def tangent_of(primals: Sequence[Tensor], tangents: Sequence[Any]) -> Any:
        primals = [jax.numpy.asarray(x) for x in primals]
        parts = [
            tangent * slope(*primals)
            for slope, tangent in zip(slopes, tangents, strict=True)
            if not isinstance(tangent, SymbolicZero)  # times infinity it were NaN
        ]
        return function(*primals), sum(parts[1:], parts[0])

    function.defjvp(tangent_of, symbolic_zeros=True)
    return cast(Map, function)


@functools.cache
def _tensorflow_pointwise(value: Map, slopes: tuple[Map, ...]) -> Map:
    import tensorflow as tf

    def function(*tensors: Tensor) -> tuple[Tensor, Map]:
        def pull_back(gradient: Tensor) -> tuple[Tensor, ...]:
            return tuple(gradient * slope(*tensors) for slope in slopes)

        return value(*tensors), pull_back

    return cast(Map, tf.custom_gradient(function))


_MAKERS = {"jax": _jax_pointwise, "tensorflow": _tensorflow_pointwise}
