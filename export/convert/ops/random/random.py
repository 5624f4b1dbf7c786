"""Random draws: `keras.random`, and the layers that call it in training.

`seed` is None for a draw that is another one in each run, by ONNX's random operators,
and an integer for one that is the same in each (see `fixed`). onnxruntime draws in
float32 and float64 alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.ops.math.elementwise import erfinv
from keras_acts.export.convert.ops.random import bits, fixed
from keras_acts.export.convert.registry import converts

_BELOW_ONE = np.float32(1 - 2**-24)
_TRUNCATED = 2.0
"""How many deviations a truncated normal reaches."""


@converts("random.uniform")
def uniform(
    g: GraphBuilder,
    op: Any,
    *,
    shape: Sequence[Size],
    minval: Operand,
    maxval: Operand,
    dtype: str | None,
    seed: int | None,
) -> ir.Value:
    """Map `random.uniform` to RandomUniformLike, Mul and Add."""
    u = _uniform(g, shape, _drawn_in(g), seed)
    return _scaled(g, u, minval, _difference(g, maxval, minval, u))


@converts("random.normal")
def normal(
    g: GraphBuilder,
    op: Any,
    *,
    shape: Sequence[Size],
    mean: Operand,
    stddev: Operand,
    dtype: str | None,
    seed: int | None,
) -> ir.Value:
    """Map `random.normal` to RandomNormalLike, Mul and Add; Box and Muller's, fixed."""
    to = _drawn_in(g)
    if seed is None and g.opset < bits.NO_KERNELS:
        z = g.RandomNormalLike(_filled(g, shape, to), dtype=int(to))
    else:
        sizes, wide = _sizes(g, shape), ir.DataType.DOUBLE
        first, second = (
            bits.uniform(g, sizes, wide)
            if seed is None
            else fixed.uniform(g, sizes, seed, stream)
            for stream in range(2)
        )
        radius = g.Sqrt(g.Mul(g.Log(first), -2.0))
        angle = g.Mul(second, 2.0 * math.pi)
        z = g.cast(g.Mul(radius, _cos(g, angle)), to)
    return _scaled(g, z, mean, stddev)


@converts("random.truncated_normal")
def truncated_normal(
    g: GraphBuilder,
    op: Any,
    *,
    shape: Sequence[Size],
    mean: Operand,
    stddev: Operand,
    dtype: str | None,
    seed: int | None,
) -> ir.Value:
    """Map `random.truncated_normal` to the inverse of its distribution function."""
    to = _drawn_in(g)
    u = _uniform(g, shape, ir.DataType.DOUBLE, seed)
    share = math.erf(_TRUNCATED / math.sqrt(2.0))
    z = g.Mul(erfinv(g, g.Mul(g.Sub(g.Mul(u, 2.0), 1.0), share)), math.sqrt(2.0))
    return _scaled(g, g.cast(z, to), mean, stddev)


@converts("random.randint")
def randint(
    g: GraphBuilder,
    op: Any,
    *,
    shape: Sequence[Size],
    minval: Operand,
    maxval: Operand,
    dtype: str,
    seed: int | None,
) -> ir.Value:
    """Map `random.randint` to Floor of a scaled RandomUniformLike, in float64."""
    u = _uniform(g, shape, ir.DataType.DOUBLE, seed)
    drawn = g.Floor(_scaled(g, u, minval, _difference(g, maxval, minval, u)))
    return g.cast(drawn, ir.DataType.INT64)


@converts("random.categorical")
def categorical(
    g: GraphBuilder,
    op: Any,
    *,
    logits: ir.Value,
    num_samples: Size,
    dtype: str,
    seed: int | None,
) -> ir.Value:
    """Map `random.categorical` to ArgMax of the logits with Gumbel's noise.

    Multinomial takes no empty batch, nor an unknown number of samples.
    """
    sizes = [g.size(logits, 0), num_samples, g.size(logits, 1)]
    u = g.cast(_uniform(g, sizes, ir.DataType.DOUBLE, seed), ir.DataType.FLOAT)
    noise = g.Neg(g.Log(g.Neg(g.Log(u))))
    scores = g.Add(g.Unsqueeze(g.cast(logits, ir.DataType.FLOAT), [1]), noise)
    return g.ArgMax(scores, axis=2, keepdims=0)


@converts("random.dropout")
def dropout(
    g: GraphBuilder,
    op: Any,
    *,
    inputs: ir.Value,
    rate: Operand,
    noise_shape: Sequence[Size | None] | None,
    seed: int | None,
) -> ir.Value:
    """Map `random.dropout` to Dropout in training mode, or to Where.

    The latter if the mask is shared, and for constants, such as weights: onnxruntime
    takes Dropout for a function, and would drop of them but once. It removes a Dropout
    of which one input at most is computed, whatever the training mode: so two are.
    """
    dtype = require_dtype(inputs)
    if dtype == ir.DataType.BFLOAT16 or not dtype.is_floating_point():  # no kernel
        inputs = g.cast(inputs, ir.DataType.FLOAT)
    plain = seed is None and noise_shape is None and _depends_on_input(inputs)
    if plain and isinstance(rate, int | float):
        is_training = g.GreaterOrEqual(g.Size(inputs), np.int64(0))
        ratio = g.Where(is_training, np.float32(rate), np.float32(0.0))
        return g.Dropout(inputs, ratio, is_training)
    own = [g.size(inputs, axis) for axis in range(g.rank(inputs))]
    shape: Sequence[Size | None] = noise_shape or [None] * len(own)
    sizes = [a if b is None else b for a, b in zip(own, shape, strict=True)]
    u = _uniform(g, sizes, ir.DataType.FLOAT, seed)
    kept = g.GreaterOrEqual(u, g.cast(rate, ir.DataType.FLOAT))
    share = g.Sub(np.float32(1.0), g.cast(rate, ir.DataType.FLOAT))
    scaled = g.Div(inputs, g.cast(share, inputs.dtype or ir.DataType.FLOAT))
    return g.Where(kept, scaled, g.zeros_like(inputs))


@converts("random.shuffle")
def shuffle(
    g: GraphBuilder, op: Any, *, x: ir.Value, axis: int, seed: int | None
) -> ir.Value:
    """Map `random.shuffle` to Gather at the places of sorted random numbers."""
    size = g.size(x, axis)
    keys = _uniform(g, [size], ir.DataType.FLOAT, seed)
    _, places = g.TopK(keys, size, outputs=2)
    return g.Gather(x, places, axis=axis)


def _depends_on_input(x: ir.Value) -> bool:
    """Whether a value depends on more than the sizes of an input."""
    waiting, seen = [x], set[ir.Value]()
    while waiting:
        one = waiting.pop()
        node = one.producer()
        if node is None and one.const_value is None:
            return True
        if one in seen or node is None or node.op_type == "Shape":
            continue
        seen.add(one)
        waiting += [value for value in node.inputs if value is not None]
    return False


def _drawn_in(g: GraphBuilder) -> ir.DataType:
    """Return the dtype in which the present operation draws."""
    wide = g.dtype(g.spec.dtype) == ir.DataType.DOUBLE
    return ir.DataType.DOUBLE if wide else ir.DataType.FLOAT


def _sizes(g: GraphBuilder, shape: Sequence[Size | np.integer[Any]]) -> ir.Value:
    return g.shape(*(int(n) if isinstance(n, np.integer) else n for n in shape))


def _filled(g: GraphBuilder, shape: Sequence[Size], dtype: ir.DataType) -> ir.Value:
    """Return a tensor of a shape, for the operators that draw like one."""
    return g.Expand(np.zeros((), dtype.numpy()), _sizes(g, shape))


def _uniform(
    g: GraphBuilder, shape: Sequence[Size], to: ir.DataType, seed: int | None
) -> ir.Value:
    """Return numbers from 0 to 1, exclusive."""
    if seed is None and g.opset >= bits.NO_KERNELS:
        return bits.uniform(g, _sizes(g, shape), to)
    if seed is None:
        return g.RandomUniformLike(_filled(g, shape, to), dtype=int(to))
    u = g.cast(fixed.uniform(g, _sizes(g, shape), seed), to)
    return g.Min(u, _BELOW_ONE) if to == ir.DataType.FLOAT else u


def _difference(
    g: GraphBuilder, high: Operand, low: Operand, like: ir.Value
) -> Operand:
    if isinstance(high, int | float) and isinstance(low, int | float):
        return high - low
    dtype = like.dtype or ir.DataType.FLOAT
    return g.Sub(g.cast(high, dtype), g.cast(low, dtype))


def _scaled(g: GraphBuilder, x: ir.Value, shift: Operand, scale: Operand) -> ir.Value:
    """Return x · scale + shift in the dtype of x; what changes nothing is left out."""
    dtype = x.dtype or ir.DataType.FLOAT
    if not (isinstance(scale, int | float) and scale == 1):
        x = g.Mul(x, g.cast(scale, dtype))
    if not (isinstance(shift, int | float) and shift == 0):
        x = g.Add(x, g.cast(shift, dtype))
    return x


def _cos(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the cosine in float32: onnxruntime has no other kernel in old releases."""
    return g.cast(g.Cos(g.cast(x, ir.DataType.FLOAT)), ir.DataType.DOUBLE)
