"""The normalizing family: activations in place of a normalization."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.lowering.table import form


@form("dyt", why="four vectorized passes")
def dyt(g: GraphBuilder, x: ir.Value, alpha: Any, gamma: Any, beta: Any) -> ir.Value:
    """Map to `gamma * tanh(alpha * x) + beta`."""
    return g.Add(g.Mul(g.Tanh(g.Mul(x, alpha)), gamma), beta)


@form("poly_norm", why="powers of x over its largest element, which are finite")
def poly_norm(
    g: GraphBuilder, x: ir.Value, weight: ir.Value, bias: Any, epsilon: float = 1e-6
) -> ir.Value:
    """Map to the three powers, each over the root of its mean square, weighted."""
    largest = reduce(g, "ReduceMax", g.Abs(x), [g.rank(x) - 1], keepdims=True)
    size = g.Max(largest, 1.0)
    u, scale = g.Div(x, size), g.Reciprocal(size)
    power, shrunk, terms = u, scale, []
    for index in (2, 1, 0):
        square = g.Mul(power, power)
        mean = reduce(g, "ReduceMean", square, [g.rank(x) - 1], keepdims=True)
        root = g.Sqrt(g.Add(mean, g.Mul(g.Mul(shrunk, shrunk), epsilon)))
        factor = g.Gather(weight, np.asarray(index, np.int64), axis=0)
        terms.append(g.Mul(g.Div(power, root), factor))
        power, shrunk = g.Mul(power, u), g.Mul(shrunk, scale)
    return g.Add(g.Add(g.Add(terms[2], terms[1]), terms[0]), bias)
