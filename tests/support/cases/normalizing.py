"""Rows of the normalizing family."""

from mpmath import mp

from support.case import Elementwise


def dyt(x, alpha, gamma, beta):
    return gamma * mp.tanh(alpha * x) + beta


# The sum crosses 0; a rounded argument is an error of |alpha x| ulp of the derivative.
SUM = {"absolute": 4, "gradient_absolute": 8}

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
        **SUM,
    ),
]
