"""Activations as one-layer models in onnxruntime, on every binade of their dtype."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import keras
import numpy as np
import onnx

from keras_acts.export import to_onnx
from support import floats, tolerances
from support.case import Case
from support.export_check import open_session, run

PER_BINADE = 8


@functools.cache
def every_binade(dtype: str = "float32", per_binade: int = PER_BINADE) -> np.ndarray:
    """Return random numbers of each normal binade and sign, its lower end first."""
    rng = np.random.default_rng(3)
    limits = floats.limits(dtype)
    exponents = np.arange(limits.minexp, limits.maxexp)[:, None]
    mantissas = 1 + rng.random((len(exponents), per_binade))
    mantissas[:, 0] = 1
    positive = np.ldexp(mantissas, exponents).ravel()
    numbers = np.minimum(np.concatenate([positive, -positive]), floats.largest(dtype))
    return floats.rounded(numbers, dtype)


def arranged(numbers: np.ndarray, sample: Sequence[int]) -> np.ndarray:
    """Return numbers as a batch of samples; the last repeats the first numbers."""
    return np.resize(numbers, (-(-numbers.size // int(np.prod(sample))), *sample))


def activation_model(
    case: Case, shape: Sequence[int | None] | None = None
) -> keras.Model:
    """Return the model of a case's layer alone, with its weights."""
    inputs = keras.Input(case.shape[1:] if shape is None else shape)
    layer = case.make()
    model = keras.Model(inputs, layer(inputs))
    case.set_weights(layer)
    return model


def exported(model: keras.Model, **options: object) -> onnx.ModelProto:
    """Convert natively."""
    return to_onnx(model, engine="native", **options)


def node_types(proto: onnx.ModelProto) -> list[str]:
    """Return the operators of a model in order."""
    return [node.op_type for node in proto.graph.node]


def answers(model: keras.Model, proto: onnx.ModelProto, x: np.ndarray):
    """Return what Keras and onnxruntime answer."""
    want = keras.ops.convert_to_numpy(model(x, training=False))
    return want, run(open_session(proto), [x])[0]


def assert_within_bounds(
    got: np.ndarray,
    want: np.ndarray,
    name: str,
    *,
    at: np.ndarray,
    beside: np.ndarray | float = 0.0,
) -> None:
    """Check each element against the bounds of an activation, where Keras is finite.

    Args:
        got: What onnxruntime answers.
        want: What Keras answers.
        name: The activation's name in the table of tolerances.
        at: The inputs.
        beside: Numbers whose rounding the formula can't but keep.
    """
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    dtype = want.dtype.name
    got, want = got.astype("float64"), want.astype("float64")
    absolute = tolerances.EXPORTED_ABSOLUTE.get(name, 0) * floats.epsilon(dtype)
    size = np.maximum(np.abs(want), beside)
    bound = tolerances.EXPORTED_ULPS * floats.ulp(size, dtype)
    bound = np.maximum(bound, absolute) + tolerances.FLUSHED
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(got - want) <= bound) & np.isfinite(want)
    assert not wrong.any(), "\n".join(
        f"f({at.flat[i]!r}) = {got.flat[i]!r}, Keras has {want.flat[i]!r}"
        for i in np.flatnonzero(wrong)[:8]
    )
