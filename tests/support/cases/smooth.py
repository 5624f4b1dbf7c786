"""Rows of the smooth family."""

import math

import numpy as np
from mpmath import mp

from support.case import Axis, Elementwise

INF = math.inf


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def telu(x):
    return x * mp.tanh(mp.exp(x)) if x < 100 else x


def golu(x):
    if x < -300:  # mpmath has no number of that size
        return mp.mpf(0)
    return x * mp.exp(-mp.exp(-x))


def hard_mish(x):
    return x / 2 * min(max(x + 2, 0), 2)


def laplace(x, mu, sigma):
    if abs(x) > 1e4:
        return mp.mpf(x > 0)
    return mp.erfc((mu - x) / (sigma * mp.sqrt(2))) / 2


def isru(x, alpha=1.0):
    return x / mp.sqrt(1 + alpha * x**2)


def isrlu(x, alpha=1.0):
    return x if x >= 0 else isru(x, alpha)


def smelu(x, beta=1.0):
    if x >= beta:
        return x
    return max(x + beta, 0) ** 2 / (4 * beta)


def serlu(x):
    scale, alpha = mp.mpf(1.07862), mp.mpf(2.90427)
    return scale * (x if x >= 0 else alpha * x * mp.exp(x))


def elish(x):
    return (x if x >= 0 else mp.exp(x) - 1) * sigmoid(x)


def case(layer, value, low, high, **kwargs):
    return Elementwise(
        layer=layer, value=value, at_minus_inf=low, at_plus_inf=high, **kwargs
    )


def star_relu(x, scale, bias):
    return scale * max(x, 0) ** 2 + bias


def xielu(x, alpha_p, alpha_n, beta=0.5):
    p, n = (mp.log1p(mp.exp(a)) for a in (alpha_p, alpha_n))
    if x > 0:
        return p * x**2 + beta * x
    # Near 0 the difference cancels.
    curve = mp.exp(x) - 1 - x if x < -1e-30 else x**2 / 2 + x**3 / 6
    return (beta + n) * curve + beta * x


def acon_c(x, p1, p2, beta):
    d = (p1 - p2) * x
    return d * sigmoid(beta * d) + p2 * x


def acon_b(x, p, beta):
    return acon_c(x, 1, p, beta)


def rational(x, numerator, denominator):
    x = x.astype(np.longdouble)  # whose range holds x**5
    above = sum(a * x**i for i, a in enumerate(numerator))
    below = 1 + sum(np.abs(b * x**i) for i, b in enumerate(denominator, 1))
    return (above / below).astype("float64")


# Where a factor of the value or the derivative crosses 0, beside it or in its tail.
NEAR_ZERO = {"absolute": 2, "gradient_absolute": 2}

CASES = [
    case("TeLU", telu, 0.0, INF, marks=(-88.0, -1.0, 2.0, 3.5), **NEAR_ZERO),
    case("GoLU", golu, 0.0, INF, marks=(-4.5, -0.5, 17.0), **NEAR_ZERO),
    case("HardMish", hard_mish, 0.0, INF, kinks={-2: 0.0}, marks=(-1.0,)),
    case("Laplace", laplace, 0.0, 1.0, marks=(0.7, 3.0, -3.0), **NEAR_ZERO),
    case(
        "Laplace",
        laplace,
        0.0,
        1.0,
        kwargs={"mu": -1.5, "sigma": 2.0},
        **NEAR_ZERO,
    ),
    case("ISRU", isru, -1.0, 1.0, gradient_absolute=2),
    case("ISRU", isru, -2.0, 2.0, kwargs={"alpha": 0.25}, gradient_absolute=2),
    case("ISRLU", isrlu, -1.0, INF, gradient_absolute=2),
    case("ISRLU", isrlu, -0.5, INF, kwargs={"alpha": 4.0}, gradient_absolute=2),
    case("SmeLU", smelu, 0.0, INF, kinks={-1: 0.0}, marks=(1.0,)),
    case(
        "SmeLU", smelu, 0.0, INF, kwargs={"beta": 2.5}, kinks={-2.5: 0.0}, marks=(2.5,)
    ),
    case(
        "SERLU",
        serlu,
        0.0,
        INF,
        kinks={0: 1.07862},
        marks=(-1.0, -88.0),
        **NEAR_ZERO,
    ),
    Axis(
        layer="Rational",
        value=rational,
        weights={
            "numerator": [0.0298, 0.6184, 2.3233, 3.0519, 1.4854, 0.251],
            "denominator": [-1.142, 4.3932, 0.8715, 0.3472],
        },
        vectors=(([[0.0]], [[0.0298]]),),
    ),
    Axis(
        layer="Rational",
        value=rational,
        kwargs={"numerator_initializer": "ones"},
        weights={
            "numerator": [-0.5, 1.0, 0.25, -2.0, 0.125, 1.5],
            "denominator": [0.5, 0.0, -1.0, 2.0],
        },
        shape=(4, 6),
    ),
    case("ACONB", acon_b, -INF, INF, weights={"p": 0.25, "beta": 1.0}, **NEAR_ZERO),
    case(
        "ACONB",
        acon_b,
        -INF,
        INF,
        kwargs={"data_format": "channels_first"},
        weights={"p": 0.5, "beta": [[0.5], [1.0], [3.0]]},
        **NEAR_ZERO,
    ),
    case(
        "ACONC",
        acon_c,
        INF,
        INF,
        weights={"p1": 1.5, "p2": -0.25, "beta": 1.25},
        **NEAR_ZERO,
    ),
    case(
        "ACONC",
        acon_c,
        -INF,
        INF,
        kwargs={"sharing": "all"},
        weights={"p1": 2.0, "p2": 0.5, "beta": 0.5},
        **NEAR_ZERO,
    ),
    case(
        "StarReLU",
        star_relu,
        -0.4472,
        INF,
        weights={"scale": 0.8944, "bias": -0.4472},
        absolute=1,
    ),
    case(
        "StarReLU",
        star_relu,
        0.25,
        INF,
        kwargs={"sharing": "channel"},
        weights={"scale": [0.5, 1.5, 2.0, 0.1], "bias": 0.25},
        absolute=1,
    ),
    case(
        "XIELU",
        xielu,
        INF,
        INF,
        weights={"alpha_p": 0.2, "alpha_n": -1.05},
        **NEAR_ZERO,
    ),
    case(
        "XIELU",
        xielu,
        INF,
        INF,
        kwargs={"beta": 0.25, "sharing": "channel"},
        weights={"alpha_p": [0.5, -3.0, 0.0, 2.0], "alpha_n": 0.75},
        **NEAR_ZERO,
    ),
    case(
        "ELiSH",
        elish,
        0.0,
        INF,
        marks=(-20.0, -0.8),
        gradient_ulps=20,  # as Swish, which it is above 0
        **NEAR_ZERO,
    ),
]
