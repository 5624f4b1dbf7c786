"""Rows of the sigmoid family."""

import math

from mpmath import mp

from support.case import Elementwise
from support.torch_functions import torch_function


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def clip(x, low, high):
    return min(max(x, low), high)


def hard_sigmoid(x, slope=1 / 6, offset=0.5):
    return clip(slope * x + offset, 0, 1)


def swish(x, beta=1):
    return x * sigmoid(beta * x)


def sparse_plus(x):
    return x if x >= 1 else clip(x + 1, 0, 2) ** 2 / 4


def torch_hard_gate(x, **_):
    """Return hardsigmoid as torch defines it; the gradient of its own is float32's."""
    return torch_function("relu6")(x + 3) / 6


# The left tail is flushed to 0 from 1e-36 (float32) or 1e-304 (float64) on.
SWISH_TAIL = 1e-29

# Where beta is not 1, rounding beta·x moves the left tail by some ulp of beta·x.
SWISH_ROUNDED_TAIL = 0.05

CASES = [
    Elementwise(
        layer="Sigmoid",
        value=sigmoid,
        marks=(-88.0, 17.0, 88.0),
        at_minus_inf=0.0,
        at_plus_inf=1.0,
        torch=torch_function("sigmoid"),
        ulps=5,
        gradient_absolute=2,  # the backend's own, y(1 - y)
    ),
    Elementwise(
        layer="HardSigmoid",
        value=hard_sigmoid,
        kinks={-3: 0.0, 3: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=1.0,
        torch=torch_hard_gate,
        absolute=1,
    ),
    Elementwise(
        layer="HardSigmoid",
        kwargs={"slope": 0.2},
        value=hard_sigmoid,
        kinks={-2.5: 0.0, 2.5: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=1.0,
        absolute=1,
    ),
    Elementwise(
        layer="HardSigmoid",
        kwargs={"slope": 2.0, "offset": -0.5},
        value=hard_sigmoid,
        kinks={0.25: 0.0, 0.75: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=1.0,
        absolute=1,
    ),
    Elementwise(
        layer="LogSigmoid",
        value=lambda x: -mp.log1p(mp.exp(-x)),
        marks=(-100.0, -17.0, 14.0, 17.0, 88.0),
        at_minus_inf=-math.inf,
        at_plus_inf=0.0,
        torch=torch_function("logsigmoid"),
    ),
    Elementwise(
        layer="Swish",
        value=swish,
        ulps=7,
        marks=(-90.0, -88.0, -1.2784645, 17.0),
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
        torch=torch_function("silu", beta=None),
        gradient_ulps=20,
        absolute=SWISH_TAIL,
        gradient_absolute=2,
    ),
    Elementwise(
        layer="Swish",
        kwargs={"beta": 1.702},
        value=swish,
        ulps=7,
        marks=(-50.0, -0.7511543, 10.0),
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
        absolute=SWISH_ROUNDED_TAIL,
        gradient_absolute=2,
    ),
    Elementwise(
        layer="Swish",
        kwargs={"learnable": True},
        weights={"beta": 0.5},
        value=swish,
        ulps=7,
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
        absolute=SWISH_ROUNDED_TAIL,
        gradient_absolute=2,
    ),
    Elementwise(
        layer="Swish",
        kwargs={"learnable": True, "sharing": "channel"},
        weights={"beta": [0.5, 1.0, 2.0, 8.0]},
        value=swish,
        ulps=7,
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
        absolute=SWISH_ROUNDED_TAIL,
        gradient_absolute=2,
    ),
    Elementwise(
        layer="HardSwish",
        value=lambda x: x * clip(x + 3, 0, 6) / 6,
        kinks={-3: 0.0, 3: 1.0},
        marks=(-1.5,),
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
        torch=lambda x: x * torch_hard_gate(x),
        torch_gradient=False,
        gradient_absolute=1,
    ),
    Elementwise(
        layer="SparseSigmoid",
        value=lambda x: clip(x + 1, 0, 2) / 2,
        kinks={-1: 0.0, 1: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=1.0,
    ),
    Elementwise(
        layer="SparsePlus",
        value=sparse_plus,
        kinks={-1: 0.0, 1: 1.0},
        at_minus_inf=0.0,
        at_plus_inf=math.inf,
    ),
]
