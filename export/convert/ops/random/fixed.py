"""Draws that are the same in each run, for integer seeds and any sizes.

onnxruntime goes on drawing where the last run ended, whatever the seed of an operator.
So the number at each place is a permutation of the place, modulo the prime 2³¹ - 1:
three times a key is added and the sum raised to the fifth power, as the MiMC cipher
does. The seed makes the keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder

_PRIME = 2**31 - 1
_ROUNDS = 3
_STREAMS = 2


def uniform(g: GraphBuilder, shape: ir.Value, seed: int, stream: int = 0) -> ir.Value:
    """Return numbers between 0 and 1, exclusive, in float64.

    Args:
        shape: The sizes, as a tensor.
        seed: An integer.
        stream: 0 or 1, for two draws of one seed.
    """
    count = g.ReduceProd(shape, keepdims=0)
    places = g.Range(np.int64(0), count, np.int64(1))
    for key in _keys(seed)[stream * _ROUNDS :][:_ROUNDS]:
        places = _fifth_power(g, g.Mod(g.Add(places, key), np.int64(_PRIME)))
    numbers = g.cast(places, ir.DataType.DOUBLE)
    return g.Reshape(g.Mul(g.Add(numbers, 0.5), 1.0 / _PRIME), shape)


def _keys(seed: int) -> list[np.int64]:
    drawn = np.random.SeedSequence(seed % 2**64).generate_state(
        _ROUNDS * _STREAMS, np.uint64
    )
    return [np.int64(key % _PRIME) for key in drawn]


def _fifth_power(g: GraphBuilder, x: ir.Value) -> ir.Value:
    square = _product(g, x, x)
    return _product(g, _product(g, square, square), x)


def _product(g: GraphBuilder, x: ir.Value, y: Any) -> ir.Value:
    return g.Mod(g.Mul(x, y), np.int64(_PRIME))
