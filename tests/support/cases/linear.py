"""Rows of the linear family."""

import math

from support.case import Elementwise

CASES = [
    Elementwise(
        layer="Linear",
        value=lambda x: x,
        at_minus_inf=-math.inf,
        at_plus_inf=math.inf,
        ulps=0,
        gradient_ulps=0,
    ),
]
