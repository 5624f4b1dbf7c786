"""Rows of the relu family."""

import math

import numpy as np
from mpmath import mp

from support.case import Axis, Elementwise
from support.torch_functions import torch_function

INF = math.inf


def relu(x, max_value=None, negative_slope=0.0, threshold=0.0):
    y = x if x > threshold else negative_slope * (x - threshold)
    return y if max_value is None else min(y, max_value)


def leaky_relu(x, negative_slope=0.01):
    return x if x > 0 else negative_slope * x


def rrelu(x, lower=1 / 8, upper=1 / 3, **_):
    return leaky_relu(x, (lower + upper) / 2)


def thresholded_relu(x, theta=1.0):
    return x if x > theta else mp.mpf(0)


def threshold_function(x, threshold, default_value):
    return x if x > threshold else mp.mpf(default_value)


def prelu(alpha, **kwargs):
    return Elementwise(
        layer="PReLU",
        kwargs=kwargs,
        weights={"alpha": alpha},
        value=lambda x, alpha: x if x > 0 else alpha * x,
        kinks={0: alpha},
        at_minus_inf=-INF if alpha > 0 else INF if alpha < 0 else math.nan,
        at_plus_inf=INF,
        torch=(
            (lambda x, alpha: torch_function("prelu")(x, weight=alpha.reshape(1)))
            if kwargs.get("sharing") == "all"
            else None
        ),
    )


def tlu(tau, **kwargs):
    return Elementwise(
        layer="TLU",
        kwargs=kwargs,
        weights={"tau": tau},
        value=lambda x, tau: max(x, tau),
        kinks={tau: 0.0},
        at_minus_inf=tau,
        at_plus_inf=INF,
        ulps=0,
        gradient_ulps=0,
    )


def crelu(x, axis=-1):
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis)


CASES = [
    Elementwise(
        layer="ReLU",
        value=relu,
        kinks={0: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=torch_function(
            "relu", max_value=None, negative_slope=None, threshold=None
        ),
        ulps=0,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="ReLU",
        kwargs={"max_value": 2.3, "negative_slope": 0.1, "threshold": 0.7},
        value=relu,
        kinks={0.7: 0.1, 2.3: 0.0},
        at_minus_inf=-INF,
        at_plus_inf=2.3,
    ),
    Elementwise(
        layer="ReLU",
        kwargs={"max_value": 0.5, "threshold": 0.3},
        value=relu,
        kinks={0.3: 0.0, 0.5: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=0.5,
    ),
    Elementwise(
        layer="ReLU",
        kwargs={"negative_slope": -1.5, "threshold": -0.25},
        value=relu,
        kinks={-0.25: -1.5},
        at_minus_inf=INF,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="ReLU6",
        value=lambda x: min(max(x, 0), 6),
        kinks={0: 0.0, 6: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=6.0,
        torch=torch_function("relu6"),
        ulps=0,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="LeakyReLU",
        value=leaky_relu,
        kinks={0: 0.01},
        at_minus_inf=-INF,
        at_plus_inf=INF,
        torch=torch_function("leaky_relu"),
    ),
    Elementwise(
        layer="LeakyReLU",
        kwargs={"negative_slope": 1.7},
        value=leaky_relu,
        kinks={0: 1.7},
        at_minus_inf=-INF,
        at_plus_inf=INF,
        torch=torch_function("leaky_relu"),
    ),
    Elementwise(
        layer="LeakyReLU",
        kwargs={"negative_slope": -0.3},
        value=leaky_relu,
        kinks={0: -0.3},
        at_minus_inf=INF,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="LeakyReLU",
        kwargs={"negative_slope": 0.0},
        value=leaky_relu,
        kinks={0: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=INF,
    ),
    prelu(0.25),
    prelu(1.5, sharing="all"),
    prelu(-0.5, sharing="none"),
    prelu(0.0, shared_axes=[-1]),
    prelu(0.125, data_format="channels_first"),
    Elementwise(
        layer="RReLU",
        value=rrelu,
        kinks={0: 11 / 48},
        at_minus_inf=-INF,
        at_plus_inf=INF,
        torch=torch_function("rrelu"),
    ),
    Elementwise(
        layer="RReLU",
        kwargs={"lower": -0.5, "upper": 2.5, "seed": 1},
        value=rrelu,
        kinks={0: 1.0},
        at_minus_inf=-INF,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="ThresholdedReLU",
        value=thresholded_relu,
        kinks={1: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=lambda x, theta: torch_function("threshold")(x, threshold=theta, value=0),
        ulps=0,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="ThresholdedReLU",
        kwargs={"theta": -0.1},
        value=thresholded_relu,
        kinks={-0.1: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=INF,
        ulps=0,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="Threshold",
        kwargs={"threshold": 0.1, "default_value": 20.3},
        value=threshold_function,
        kinks={0.1: 0.0},
        at_minus_inf=20.3,
        at_plus_inf=INF,
        torch=torch_function("threshold", default_value="value"),
        ulps=0.5,
        gradient_ulps=0,
    ),
    Elementwise(
        layer="SquaredReLU",
        value=lambda x: max(x, 0) ** 2,
        at_minus_inf=0.0,
        at_plus_inf=INF,
    ),
    tlu(0.0),
    tlu(0.5, sharing="all"),
    tlu(-1.25, sharing="none"),
    Axis(
        layer="CReLU",
        value=crelu,
        vectors=(([[-1.0, 0.0, 2.0]], [[0.0, 0.0, 2.0, 1.0, 0.0, 0.0]]),),
        ulps=0,
    ),
    Axis(
        layer="CReLU",
        kwargs={"axis": 1},
        value=crelu,
        vectors=(([[[-1.0]], [[3.0]]], [[[0.0], [1.0]], [[3.0], [0.0]]]),),
        ulps=0,
    ),
]
