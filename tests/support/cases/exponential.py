"""Rows of the exponential family."""

import math

from mpmath import mp

from support.case import Elementwise
from support.torch_functions import torch_function

INF = math.inf

SELU_ALPHA = mp.mpf("1.6732632423543772848170429916717")
SELU_SCALE = mp.mpf("1.0507009873554804934193349852946")


def elu(x, alpha=1.0):
    return x if x > 0 else alpha * (mp.exp(x) - 1)


def celu(x, alpha=1.0):
    return x if x > 0 else alpha * (mp.exp(x / alpha) - 1)


def selu(x):
    return SELU_SCALE * (x if x > 0 else SELU_ALPHA * (mp.exp(x) - 1))


def pelu(x, alpha, beta):
    return alpha * x / beta if x >= 0 else alpha * (mp.exp(x / beta) - 1)


def softplus(x, beta=1.0):
    return mp.log1p(mp.exp(beta * x)) / beta


def squareplus(x, b=4.0):
    return (x + mp.sqrt(x**2 + b)) / 2


def mish(x):
    return x * mp.tanh(softplus(x))


def torch_softplus(x, **arguments):
    # Beyond its threshold torch takes x; at the default, 20, that is too early.
    return torch_function("softplus")(x, threshold=40, **arguments)


# The left tail is flushed to 0 from 1e-36 (float32) or 1e-304 (float64) on.
MISH_TAIL = 1e-29
# A rounded quotient or product t in e^t is an error of |t| ulp, most of it in tails.
SCALED = {"absolute": 0.5, "gradient_absolute": 0.5}

CASES = [
    Elementwise(
        layer="ELU",
        value=elu,
        marks=(-20.0, -17.0, -88.0),
        at_minus_inf=-1.0,
        at_plus_inf=INF,
        torch=torch_function("elu"),
    ),
    Elementwise(
        layer="ELU",
        kwargs={"alpha": 0.5},
        value=elu,
        kinks={0: 0.5},
        at_minus_inf=-0.5,
        at_plus_inf=INF,
        torch=torch_function("elu"),
    ),
    Elementwise(
        layer="ELU",
        kwargs={"alpha": 0.0},
        value=elu,
        kinks={0: 0.0},
        at_minus_inf=0.0,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="CELU",
        value=celu,
        marks=(-20.0, -88.0),
        at_minus_inf=-1.0,
        at_plus_inf=INF,
        torch=torch_function("celu"),
    ),
    Elementwise(
        layer="CELU",
        kwargs={"alpha": 2.5},
        value=celu,
        marks=(-50.0,),
        at_minus_inf=-2.5,
        at_plus_inf=INF,
        torch=torch_function("celu"),
        **SCALED,
    ),
    Elementwise(
        layer="SELU",
        value=selu,
        kinks={0: float(SELU_SCALE * SELU_ALPHA)},
        marks=(-20.0, -88.0),
        at_minus_inf=-float(SELU_SCALE * SELU_ALPHA),
        at_plus_inf=INF,
        torch=torch_function("selu"),
    ),
    Elementwise(
        layer="PELU",
        value=pelu,
        weights={"alpha": 1.0, "beta": 1.0},
        at_minus_inf=-1.0,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="PELU",
        kwargs={"sharing": "all"},
        weights={"alpha": 0.5, "beta": 2.0},
        value=pelu,
        at_minus_inf=-0.5,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="PELU",
        kwargs={"data_format": "channels_first"},
        weights={"alpha": 1.75, "beta": [[0.1], [0.7], [3.0]]},
        value=pelu,
        at_minus_inf=-1.75,
        at_plus_inf=INF,
        **SCALED,
    ),
    Elementwise(
        layer="Softplus",
        value=softplus,
        marks=(-88.0, -14.0, 17.0, 20.0, 40.0, 88.0),
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=torch_softplus,
    ),
    Elementwise(
        layer="Softplus",
        kwargs={"beta": 2.0},
        value=softplus,
        marks=(-44.0, 10.0, 20.0),
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=torch_softplus,
    ),
    Elementwise(
        layer="Softplus",
        kwargs={"beta": 0.3},
        value=softplus,
        marks=(-200.0, 60.0),
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=torch_softplus,
        **SCALED,
    ),
    Elementwise(
        layer="Squareplus",
        value=squareplus,
        marks=(-2.0, 2.0),
        at_minus_inf=0.0,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="Squareplus",
        kwargs={"b": 0.01},
        value=squareplus,
        marks=(-0.1, 0.1),
        at_minus_inf=0.0,
        at_plus_inf=INF,
    ),
    Elementwise(
        layer="Mish",
        value=mish,
        marks=(-90.0, -1.1924, 8.0, 17.0),
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=torch_function("mish"),
        absolute=MISH_TAIL,
        # It crosses 0 at -1.19.
        gradient_absolute=2,
    ),
    Elementwise(
        layer="Exponential",
        value=mp.exp,
        marks=(-88.0, 11.0, 88.0, 709.0),
        at_minus_inf=0.0,
        at_plus_inf=INF,
        torch=lambda x: x.exp(),
    ),
]
