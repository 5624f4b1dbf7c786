"""Export a library's model, and compare onnxruntime's answers with Keras's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import onnx

from keras_acts.export import to_onnx
from support import tolerances
from support.export_check import open_session, outputs_of, run
from support.thirdparty.architecture import Architecture

Array = np.ndarray

RUNS = ((1, 9, 32), (3, 12, 64))
"""Batch sizes, and with each what fills unknown lengths, and sizes of images."""

_MASKS = ("padding_mask", "attention_mask")

_RANGES = {"token_ids": (1, 30), "segment": (0, 2), "num_steps": (3, 4), "": (1, 4)}
"""From what to below what integers are drawn, by a part of the input's name."""


def check(architecture: Architecture) -> onnx.ModelProto:
    """Export a model and compare its answers for two batch sizes."""
    model = architecture.build()
    randomize(model)
    proto = to_onnx(model, engine=architecture.engine)
    session = open_session(proto)
    rng = np.random.default_rng(7)
    for batch, length, image in RUNS:
        arrays = [
            draw(rng, x, [batch, *_filled(architecture, x, length, image)])
            for x in keras.tree.flatten(model.inputs)
        ]
        want = outputs_of(model, arrays)
        got = run(session, arrays)
        assert batch == 1 or any(map(varies, want)), "no output varies"
        for index, (expected, actual) in enumerate(zip(want, got, strict=True)):
            assert_alike(actual, expected, f"output {index}, batch {batch}")
    return proto


def assert_alike(got: Array, want: Array, where: str) -> None:
    """Check an output's dtype, shape, and values as a part of its largest."""
    assert got.dtype == want.dtype, f"{where}: {got.dtype} for {want.dtype}"
    assert got.shape == want.shape, f"{where}: {got.shape} for {want.shape}"
    if not np.issubdtype(want.dtype, np.floating):
        np.testing.assert_array_equal(got, want, err_msg=where)
        return
    assert np.isfinite(want).all(), f"{where}: Keras's own answer is not finite"
    bound = tolerances.EXPORTED_DEEP * float(np.abs(want).max(initial=0.0))
    np.testing.assert_allclose(got, want, rtol=0, atol=bound, err_msg=where)


def varies(output: Array) -> bool:
    """Whether samples differ by far more than the tolerance."""
    spread = np.ptp(output.astype("float64"), axis=0).max(initial=0.0)
    return bool(spread > 10 * tolerances.EXPORTED_DEEP * np.abs(output).max())


def randomize(model: keras.Model) -> None:
    """Give each weight random values that keep a deep model's answers finite.

    Kernels are scaled by what they sum over, as initializers do; scales stay near 1,
    and variances positive.
    """
    rng = np.random.default_rng(5)
    for variable in model.variables:
        dtype = keras.backend.standardize_dtype(variable.dtype)
        if not keras.backend.is_float_dtype(dtype):
            continue
        values = _values(rng, variable.name, variable.shape)
        variable.assign(values.astype("float32").astype(dtype))


def _values(rng: np.random.Generator, name: str, shape: Sequence[int]) -> Array:
    if "variance" in name or name.endswith(("gamma", "scale")):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) < 2:
        return rng.normal(0.0, 0.3, shape)
    return rng.normal(0.0, 1.2 / np.sqrt(np.prod(shape[:-1])), shape)


def _filled(
    architecture: Architecture, tensor: Any, length: int, image: int
) -> list[int]:
    """Return an input's sizes beside the batch; two unknown ones are an image's."""
    sizes = architecture.sizes.get(tensor.name, tensor.shape[1:])
    fill = image if sizes.count(None) > 1 and len(sizes) > 2 else length
    return [fill if size is None else size for size in sizes]


def draw(rng: np.random.Generator, tensor: Any, shape: Sequence[int]) -> Array:
    """Draw an input: masks that end in zeros, indices below any size, numbers."""
    dtype, name = keras.backend.standardize_dtype(tensor.dtype), tensor.name
    if keras.backend.is_float_dtype(dtype):
        each = (shape[0], *[1] * (len(shape) - 1))
        scale, offset = rng.uniform(0.3, 1.7, each), rng.normal(0, 0.7, each)
        return (rng.normal(size=shape) * scale + offset).astype(dtype)
    if name.endswith(_MASKS) or dtype == "bool":
        kept = shape[-1] - np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
        return np.broadcast_to(np.arange(shape[-1]) < kept, shape).astype(dtype)
    if name.endswith("vision_indices"):  # each position once
        return np.tile(np.arange(1, shape[-1] + 1), (shape[0], 1)).astype(dtype)
    low, high = next(v for k, v in _RANGES.items() if k in name)
    return rng.integers(low, high, shape).astype(dtype)
