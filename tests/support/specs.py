"""What the trace says of a call, compared with what the call returns."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import keras
import numpy as np

from keras_acts.export.convert import record_of
from keras_acts.export.trace import model_signature, trace
from keras_acts.export.trace.graph import Constant, Value
from support.differences import KNOWN
from support.keras_tests import Configuration
from support.spec_draws import Call

Spec = tuple[tuple[int | None, ...], str]

LAYER_DTYPES = ("float16", "int32", "uint8", "int8", "bool", "int16")

DATA_DEPENDENT = frozenset(("nonzero", "unique", "bincount", "where"))
"""Operations whose sizes depend on the numbers."""


REFUSED = {"HashedCrossing": "it hashes", "Hashing": "it hashes"}
"""Layers that the exporter refuses by name, and why (`docs/coverage.md`)."""


def is_known(name: str, difference: str) -> bool:
    """Whether a backend is known to return another shape than Keras documents."""
    known = (keras.backend.backend(), name) in KNOWN
    return known and not difference.startswith("dtype")


class RefusedError(Exception):
    """Keras does not take the call."""


class Calls(keras.layers.Layer):
    """A layer that calls a function on its inputs as they are."""

    def __init__(self, function: Any) -> None:
        super().__init__(autocast=False, name="calls")
        self.function = function
        self.built = True

    def call(self, *inputs: Any) -> Any:
        return self.function(*inputs)


def real(call: Call) -> list[Spec]:
    """Return the shapes and dtypes that Keras really returns.

    Raises:
        RefusedError: It raises an error.
    """
    tensors = [keras.ops.convert_to_tensor(x) for x in call.arrays]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = call.function(*tensors)
    except Exception as error:
        raise RefusedError(str(error)) from error
    return [_of(x) for x in keras.tree.flatten(results) if x is not None]


def _of(x: Any) -> Spec:
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    return tuple(x.shape), str(keras.backend.standardize_dtype(x.dtype))


def traced(call: Call) -> list[Spec]:
    """Return the shapes and dtypes that the trace has."""
    specs = tuple(
        keras.InputSpec(
            shape=tuple(None if i in u else n for i, n in enumerate(x.shape)),
            dtype=str(x.dtype),
        )
        for x, u in zip(call.arrays, call.unknown, strict=True)
    )
    layer = Calls(call.function)
    signature = model_signature(layer, specs)
    graph = trace(layer, signature, record_of=record_of)
    return [_said(x) for x in graph.outputs.values()]


def _said(x: Any) -> Spec:
    if isinstance(x, Value):
        return x.shape, x.dtype
    if isinstance(x, Constant):
        return x.array.shape, str(keras.backend.standardize_dtype(x.array.dtype))
    return _of(x)


def layer_call(configuration: Configuration, rng: np.random.Generator) -> Call:
    """Return a call of a layer on inputs of an unknown batch size and a random dtype.

    Args:
        configuration: The layer and its inputs, as one of Keras's own tests has them.
        rng: Draws the dtype.
    """
    model = configuration.model()
    layer, structure = model.layers[-1], model.input
    arrays = configuration.arrays(model, 2)
    if all(np.dtype(x.dtype).kind == "f" for x in arrays):
        dtype = LAYER_DTYPES[int(rng.integers(len(LAYER_DTYPES)))]
        arrays = [(np.abs(x) * 3).astype(dtype) for x in arrays]

    # Augmentations are in training by default.
    trains = "training" in inspect.signature(layer.call).parameters
    inference = {"training": False} if trains else {}

    def function(*tensors: Any) -> Any:
        inputs = keras.tree.pack_sequence_as(structure, list(tensors))
        if isinstance(inputs, dict):
            return layer(**inputs, **inference)
        return layer(inputs, **inference)

    shown = [f"{x.dtype}{list(x.shape)}" for x in arrays]
    batches = [{0} for _ in arrays]
    return Call(function, arrays, batches, f"{configuration} of {shown}")


def difference(call: Call, name: str) -> str | None:
    """Return what the trace has wrong of a call, None if nothing.

    Raises:
        RefusedError: Keras does not take the call.
    """
    want = real(call)
    try:
        got = traced(call)
    except Exception as error:
        cause: BaseException = error
        seen = [cause]
        # Keras may raise an error from itself.
        while cause.__cause__ is not None and cause.__cause__ not in seen:
            cause = cause.__cause__
            seen.append(cause)
        return f"refused: {type(cause).__name__}: {str(cause)[:300]}"
    if len(got) != len(want):
        return f"{len(got)} results, Keras {len(want)}"
    for (shape, dtype), (sizes, wanted) in zip(got, want, strict=True):
        if dtype != wanted:
            return f"dtype {dtype}, Keras {wanted}"
        fits = len(shape) == len(sizes) and all(
            a in (b, None) for a, b in zip(shape, sizes, strict=True)
        )
        known = not any(call.unknown) and name not in DATA_DEPENDENT
        if not fits or (known and None in shape):
            return f"shape {shape}, Keras {sizes}"
    return None
