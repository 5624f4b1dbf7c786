"""Rows of the gated family."""

import math

import numpy as np

from support.case import Axis
from support.torch_functions import torch_function


def sigmoid(b):
    return np.exp(-np.logaddexp(0, -b))


def relu(b):
    return np.maximum(b, 0)


@np.vectorize
def gelu(b):
    return b * math.erfc(-b / math.sqrt(2)) / 2


def swish(b):
    return b * sigmoid(b)


def gated_by(gate):
    def value(x, axis=-1):
        a, b = np.split(x, 2, axis)
        return a * gate(b)

    return value


INPUTS = {
    "closed gates": [[3e4, -3e4, -1e4, -6e4]],
    "open gates": [[3.0, -3e4, 100.0, 2.0]],
    "zeros": [[0.0, 2.0, 5.0, 0.0]],
}


def _cases(layer, gate, vector, **torch):
    value = gated_by(gate)
    return [
        Axis(layer=layer, value=value, inputs=INPUTS, vectors=(vector,), **torch),
        Axis(layer=layer, kwargs={"axis": 1}, value=value, shape=(2, 6, 4), **torch),
    ]


def clipped_swiglu(x, axis=-1, limit=7.0, alpha=1.702, interleaved=True):
    if interleaved:
        x = np.moveaxis(x, axis, 0)
        b, a = (np.moveaxis(x[start::2], 0, axis) for start in (0, 1))
    else:
        a, b = np.split(x, 2, axis)
    b = np.minimum(b, limit)
    return (np.clip(a, -limit, limit) + 1) * b * sigmoid(alpha * b)


def gated_dense(x, kernel, gate="swish", **biases):
    gates = {"swish": swish, "gelu": gelu, "relu": relu, "sigmoid": sigmoid}
    return gated_by(gates[gate])(x @ kernel + sum(biases.values()))


def _dense(gate, **kwargs):
    rng = np.random.default_rng(17)
    weights = {"kernel": rng.normal(0, 0.4, (6, 6)), "bias": rng.normal(0, 0.1, 6)}
    if not kwargs.get("use_bias", True):
        del weights["bias"]
    return Axis(
        layer="GatedDense",
        kwargs={"units": 3, "gate": gate, **kwargs},
        value=gated_dense,
        weights=weights,
        shape=(4, 6),
        ulps=32,  # the rounding of a and of b
    )


CASES = [
    Axis(
        layer="ClippedSwiGLU",
        value=clipped_swiglu,
        inputs=INPUTS,
        vectors=(([[1.0, 2.0, 9.0, -3.0]], [[2.5374, -13.9999]]),),
    ),
    Axis(
        layer="ClippedSwiGLU",
        kwargs={"axis": 1, "limit": 2.5, "alpha": 1.0, "interleaved": False},
        value=clipped_swiglu,
        shape=(2, 6, 4),
    ),
    _dense("swish"),
    _dense("gelu", use_bias=False),
    _dense("relu"),
    _dense("sigmoid"),
    *_cases(
        "GLU",
        sigmoid,
        ([[2.0, 3.0, 0.0, 1.0]], [[1.0, 2.1932]]),
        torch=torch_function("glu", axis="dim"),
    ),
    *_cases("ReGLU", relu, ([[2.0, 3.0, -1.0, 1.5]], [[0.0, 4.5]])),
    *_cases("GEGLU", gelu, ([[2.0, 3.0, 0.0, 1.0]], [[0.0, 2.5240]])),
    *_cases("SwiGLU", swish, ([[2.0, 3.0, 0.0, 1.0]], [[0.0, 2.1932]])),
]
