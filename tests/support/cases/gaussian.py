"""Rows of the gaussian family."""

import math

from mpmath import mp

from support.case import Elementwise
from support.torch_functions import torch_function


def _normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _tanh(x):
    return 1 / (1 + mp.exp(-mp.sqrt(8 / mp.pi) * (x + mp.mpf(0.044715) * x**3)))


def _sigmoid(x):
    return 1 / (1 + mp.exp(-mp.mpf(1.702) * x))


DISTRIBUTIONS = {"none": _normal, "tanh": _tanh, "sigmoid": _sigmoid}


def gelu(x, approximate="none"):
    if abs(x) > 1000:  # mpmath's erfc has no answer to 1e308
        return max(x, mp.mpf(0))
    approximate = {False: "none", True: "tanh"}.get(approximate, approximate)
    return x * DISTRIBUTIONS[approximate](x)


# The exponent of the left tail is rounded: x² ulp there, below an epsilon of 1.
TAIL = {"absolute": 1, "gradient_absolute": 2}


def _case(approximate, marks, **torch):
    return Elementwise(
        layer="GELU",
        kwargs={} if approximate is None else {"approximate": approximate},
        value=gelu,
        marks=marks,
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
        **TAIL,
        **torch,
    )


CASES = [
    _case(None, (-13.0, -5.6, -0.7517916, 5.6), torch=torch_function("gelu")),
    _case(False, (-40.0,)),
    _case("tanh", (-22.0, -10.0, 5.0, 22.0, 300.0), torch=torch_function("gelu")),
    _case(True, (-300.0,)),
    _case("sigmoid", (-50.0, -0.7511543, 10.0)),
]
