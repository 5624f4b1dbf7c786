"""Rows of the tanh family."""

import math

from mpmath import mp

from support.case import Elementwise
from support.torch_functions import torch_function


def clip(x, min_value=-1.0, max_value=1.0):
    return min(max(x, min_value), max_value)


CASES = [
    Elementwise(
        layer="Tanh",
        value=mp.tanh,
        marks=(-44.0, -9.0, 9.0, 44.0),
        at_minus_inf=-1.0,
        at_plus_inf=1.0,
        torch=torch_function("tanh"),
        ulps=8,
        gradient_absolute=2,  # the backend's own, 1 - y²
    ),
    Elementwise(
        layer="HardTanh",
        value=clip,
        kinks={-1: 0.0, 1: 0.0},
        at_minus_inf=-1.0,
        at_plus_inf=1.0,
        torch=torch_function("hardtanh", min_value="min_val", max_value="max_val"),
        ulps=0,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="HardTanh",
        kwargs={"min_value": -0.1, "max_value": 2.5},
        value=clip,
        kinks={-0.1: 0.0, 2.5: 0.0},
        at_minus_inf=-0.1,
        at_plus_inf=2.5,
        torch=torch_function("hardtanh", min_value="min_val", max_value="max_val"),
        ulps=0.5,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="TanhShrink",
        value=lambda x: x - mp.tanh(x),
        marks=(-1.5, 1.5),
        at_minus_inf=-math.inf,
        at_plus_inf=math.inf,
        torch=torch_function("tanhshrink"),
        ulps=6,
        gradient_ulps=16,
    ),
    Elementwise(
        layer="LiSHT",
        value=lambda x: x * mp.tanh(x),
        marks=(-9.0, 9.0),
        at_minus_inf=math.inf,
        at_plus_inf=math.inf,
        ulps=8,
    ),
    Elementwise(
        layer="Softsign",
        value=lambda x: x / (1 + abs(x)),
        at_minus_inf=-1.0,
        at_plus_inf=1.0,
        torch=torch_function("softsign"),
    ),
]
