"""Rows of the normalizing family."""

import numpy as np
from mpmath import mp

from support.case import Axis, Elementwise


def dyt(x, alpha, gamma, beta):
    return gamma * mp.tanh(alpha * x) + beta


def poly_norm(x, weight, bias, epsilon=1e-6):
    x = x.astype(np.longdouble)  # whose range holds x**6

    def normalized(y):
        return y / np.sqrt((y**2).mean(axis=-1, keepdims=True) + epsilon)

    terms = (weight[i] * normalized(x**power) for i, power in enumerate((3, 2, 1)))
    return (sum(terms) + bias).astype("float64")


# The sum crosses 0; a rounded argument is an error of |alpha x| ulp of the derivative.
SUM = {"absolute": 4, "gradient_absolute": 2}

CASES = [
    Elementwise(
        layer="DyT",
        value=dyt,
        weights={"alpha": 0.5, "gamma": 1.0, "beta": 0.0},
        at_minus_inf=-1.0,
        at_plus_inf=1.0,
        **SUM,
    ),
    Elementwise(
        layer="DyT",
        kwargs={"data_format": "channels_first"},
        weights={
            "alpha": 0.75,
            "gamma": [[2.0], [2.0], [2.0]],
            "beta": [[0.5], [0.5], [0.5]],
        },
        value=dyt,
        at_minus_inf=-1.5,
        at_plus_inf=2.5,
        ulps=8,  # TensorFlow rounds its tanh, the product and the sum
        **SUM,
    ),
    Axis(
        layer="PolyNorm",
        value=poly_norm,
        weights={"weight": [1 / 3, 1 / 3, 1 / 3], "bias": 0.0},
        vectors=(([[1.0, -1.0]], [[1.0, -1 / 3]]),),
    ),
    Axis(
        layer="PolyNorm",
        kwargs={"epsilon": 0.01},
        value=poly_norm,
        weights={"weight": [0.5, -1.0, 2.0], "bias": 0.75},
        shape=(4, 6),
    ),
]
