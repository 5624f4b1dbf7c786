"""Patches that record random draws, in place of the module `backend.random`.

1. A draw by a `SeedGenerator`, or by Keras's global one, is another one in each run of
   the file: it is recorded, and the generator's state stays as it is.
2. A draw by an integer seed is the same in each call. If all its arguments and sizes
   are known, the backend draws it now, as Keras does in each call.
3. Where a size or an argument is traced, so is such a draw, with its seed. If only
   numbers are traced, not sizes, the backend's own draw is scaled.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.export.trace.keras_patches import lookup, reads
from keras_acts.export.trace.keras_patches.keras_ops import Replaced
from keras_acts.export.trace.protocol import ACTIVE, Recorder, unrecorded
from keras_acts.export.trace.tensors import TracedTensor, array_of, has_traced

KIND = "random"
"""The prefix of the kinds of nodes that draw: `"random.normal"`."""

DRAWS = (
    *("beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint"),
    *("shuffle", "truncated_normal", "uniform"),
)

TENSORS = frozenset(("inputs", "logits", "x"))
"""The arguments of a draw that are tensors."""

Draw = Callable[..., Any]


def recorded(module: ModuleType) -> ModuleType:
    """Return the backend's module of random draws, with each draw wrapped."""
    for name in DRAWS:
        if not hasattr(module, name):
            lookup.refuse(f"{module.__name__}:{name}")
    drawn = {name: _wrapped(name, getattr(module, name)) for name in DRAWS}
    return Replaced(module, drawn)


def _wrapped(name: str, original: Draw) -> Draw:
    signature = inspect.signature(getattr(keras.random, name))

    def draw(*args: Any, **kwargs: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is None or reads.in_symbolic_scope():
            return original(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        seed = arguments.pop("seed")
        if seed is None or isinstance(seed, keras.random.SeedGenerator):
            return _new(recorder, name, arguments)
        if not has_traced(arguments):
            return unrecorded(original, *args, **kwargs)
        scaled = _SCALED.get(name)
        drawn = None if scaled is None else scaled(original, seed, **arguments)
        if drawn is not None:
            return drawn
        return recorder.draw(name, arguments, int(seed))

    return draw


def _new(recorder: Recorder, name: str, arguments: Mapping[str, Any]) -> Any:
    """Rule 1: record another draw in each run, unless nothing is left to chance."""
    if name == "dropout" and arguments["rate"] in (0, 1):
        x = arguments["inputs"]
        return x if arguments["rate"] == 0 else ops.zeros_like(x)
    return recorder.draw(name, arguments, None)


# Rule 3: each returns a draw of the backend scaled by traced numbers, or None where a
# size is traced.


def _normal(
    original: Draw, seed: Any, shape: Any, mean: Any, stddev: Any, dtype: Any
) -> Any:
    if has_traced(shape):
        return None
    z = array_of(unrecorded(original, shape, dtype=dtype, seed=seed))
    return ops.add(ops.multiply(stddev, z), mean)


def _uniform(
    original: Draw, seed: Any, shape: Any, minval: Any, maxval: Any, dtype: Any
) -> Any:
    if has_traced(shape):
        return None
    u = array_of(unrecorded(original, shape, dtype=dtype, seed=seed))
    return ops.add(ops.multiply(ops.subtract(maxval, minval), u), minval)


def _dropout(
    original: Draw, seed: Any, inputs: Any, rate: Any, noise_shape: Any
) -> Any:
    if not _is_sized(inputs) or has_traced((rate, noise_shape)):
        return None
    ones = np.ones(inputs.shape, "float32")
    tensor = unrecorded(ops.convert_to_tensor, ones)
    kept = array_of(unrecorded(original, tensor, rate, noise_shape, seed)) > 0
    return ops.where(kept, ops.divide(inputs, 1.0 - rate), ops.zeros_like(inputs))


def _shuffle(original: Draw, seed: Any, x: Any, axis: int) -> Any:
    if not _is_sized(x):
        return None
    along = [1] * len(x.shape)
    along[axis] = -1
    places = np.arange(x.shape[axis], dtype="int32").reshape(along)
    tensor = unrecorded(ops.convert_to_tensor, np.broadcast_to(places, x.shape).copy())
    shuffled = array_of(unrecorded(original, tensor, axis, seed))
    return ops.take_along_axis(x, shuffled, axis=axis)


def _is_sized(x: Any) -> bool:
    return isinstance(x, TracedTensor) and None not in x.shape


_SCALED: dict[str, Callable[..., Any]] = {
    "dropout": _dropout,
    "normal": _normal,
    "shuffle": _shuffle,
    "truncated_normal": _normal,
    "uniform": _uniform,
}


def draw_spec(name: str, arguments: Mapping[str, Any]) -> keras.KerasTensor:
    """Return the shape and dtype of what a function of `keras.random` draws."""
    if name in ("dropout", "shuffle"):
        x = arguments["inputs" if name == "dropout" else "x"]
        scaled = name == "dropout" and not keras.backend.is_float_dtype(x.dtype)
        return keras.KerasTensor(tuple(x.shape), "float32" if scaled else x.dtype)
    if name == "categorical":
        batch, count = arguments["logits"].shape[0], arguments["num_samples"]
        shape = batch, count
    else:
        shape = tuple(arguments["shape"])
    sizes = [
        None if isinstance(n, TracedTensor) or n is None else int(n) for n in shape
    ]
    return keras.KerasTensor(sizes, arguments["dtype"] or keras.config.floatx())


def with_tensors(
    arguments: Mapping[str, Any], tensor: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the arguments of a draw, with a tensor for each that has to be one."""
    return {k: tensor(x) if k in TENSORS else x for k, x in arguments.items()}
