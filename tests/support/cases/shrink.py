"""Rows of the shrink family."""

import math

from mpmath import mp

from support.case import Elementwise
from support.torch_functions import torch_function


def hard_shrink(x, threshold=0.5):
    return x if abs(x) > threshold else mp.mpf(0)


def soft_shrink(x, threshold=0.5):
    return mp.sign(x) * max(abs(x) - threshold, 0)


def srelu(x, t_left, a_left, t_right, a_right):
    if x >= t_right:
        return t_right + a_right * (x - t_right)
    return t_left + a_left * (x - t_left) if x <= t_left else x


def shrink(layer, value, torch, threshold):
    return Elementwise(
        layer=layer,
        kwargs={} if threshold == 0.5 else {"threshold": threshold},
        value=value,
        kinks={-threshold: 0.0, threshold: 0.0},
        at_minus_inf=-math.inf,
        at_plus_inf=math.inf,
        torch=torch_function(torch, threshold="lambd"),
        ulps=0.5,
        gradient_ulps=0,
    )


CASES = [
    *(
        shrink(layer, value, torch, threshold)
        for threshold in (0.5, 0.1, 0.0)
        for layer, value, torch in (
            ("HardShrink", hard_shrink, "hardshrink"),
            ("SoftShrink", soft_shrink, "softshrink"),
        )
    ),
    Elementwise(
        layer="SReLU",
        weights={"t_left": -1.0, "a_left": 0.5, "t_right": 2.0, "a_right": 0.25},
        value=srelu,
        kinks={-1: 0.5, 2: 0.25},
        at_minus_inf=-math.inf,
        at_plus_inf=math.inf,
    ),
    Elementwise(
        layer="SReLU",
        kwargs={"sharing": "all"},
        weights={"t_left": 0.0, "a_left": -0.5, "t_right": 0.5, "a_right": 3.0},
        value=srelu,
        kinks={0: -0.5, 0.5: 3.0},
        at_minus_inf=math.inf,
        at_plus_inf=math.inf,
    ),
    Elementwise(
        layer="SReLU",
        kwargs={"sharing": "none"},
        weights={"t_left": 1.0, "a_left": 0.5, "t_right": -1.0, "a_right": 0.25},
        value=srelu,
        kinks={-1: 0.25},
        at_minus_inf=-math.inf,
        at_plus_inf=math.inf,
        # The right part crosses 0 at x = 3, between its terms of -1 and 1.
        absolute=2,
    ),
]
