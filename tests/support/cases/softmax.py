"""Rows of the softmax family."""

import numpy as np

from support.case import Axis
from support.torch_functions import torch_function


def _axes(axis):
    return tuple(axis) if isinstance(axis, list) else axis


@np.errstate(invalid="ignore")
def log_softmax(x, axis=-1):
    z = x - x.max(axis=_axes(axis), keepdims=True)
    return z - np.log(np.exp(z).sum(axis=_axes(axis), keepdims=True))


def softmax(x, axis=-1):
    return np.exp(log_softmax(x, axis))


def softmin(x, axis=-1):
    return softmax(-x, axis)


@np.errstate(invalid="ignore")
def softmax_one(x, axis=-1):
    top = np.maximum(x.max(axis=_axes(axis), keepdims=True), 0)
    e = np.exp(x - top)
    return e / (np.exp(-top) + e.sum(axis=_axes(axis), keepdims=True))


def gumbel_softmax(x, axis=-1, temperature=1.0, **_):
    return softmax(x / temperature, axis)


def _on_vectors(function, x, axis):
    return np.apply_along_axis(function, axis, x)


@np.errstate(invalid="ignore")
def _root(excess, z):
    """Find where a decreasing function is 0, in the last unit below `max(z)`."""
    z = z - z.max()
    if np.isnan(z).any():
        return z * np.nan, np.nan
    low, high = -1.0, 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(z, middle) > 0 else (low, middle)
    return z, middle


def _sparsemax(z):
    z, tau = _root(lambda z, tau: np.maximum(z - tau, 0).sum() - 1, z)
    return np.maximum(z - tau, 0)


def _entmax15(z):
    z, tau = _root(lambda z, tau: (np.maximum(z - tau, 0) ** 2).sum() - 1, z / 2)
    return np.maximum(z - tau, 0) ** 2


def entmax_of(alpha):
    """Return 1.5-entmax's definition with another alpha, in extended precision."""

    @np.errstate(invalid="ignore", divide="ignore", over="ignore")
    def on_vector(x):
        if np.isnan(x).any():
            return x * np.nan
        e = np.longdouble(alpha) - 1
        z = x.astype(np.longdouble) - x.max()
        low, high = np.longdouble(0), np.log(np.longdouble(len(z)))

        def parts(s):
            w = np.maximum(e * (z - s), -1)
            return np.exp(np.log1p(w) / e) if e else np.exp(z - s)

        for _ in range(90):
            middle = (low + high) / 2
            if parts(middle).sum() > 1:
                low = middle
            else:
                high = middle
        return parts(middle).astype("float64")

    return on_vector


def entmax(x, alpha=1.5, axis=-1):
    return _on_vectors(entmax_of(alpha), x, axis)


def learned_entmax(x, logit, axis=-1, **_):
    return entmax(x, 1 + 1 / (1 + np.exp(-float(np.ravel(logit)[0]))), axis)


def sparsemax(x, axis=-1):
    return _on_vectors(_sparsemax, x, axis)


def entmax15(x, axis=-1):
    return _on_vectors(_entmax15, x, axis)


LARGE = {"large": [[3e4, 3e4, -3e4], [-3e4, -3e4, -3e4]]}
INPUTS = {
    **LARGE,
    "far apart": [[-3e4, 0.0, 3e4]],
    "ties": [[1.0, 1.0, 1.0, 0.5, 0.5]],
    "long": [np.linspace(-1, 1, 301)],
}
DROPPED = {**INPUTS, "minus infinity": [[-np.inf, 0.0, 1.0]]}
# keras.ops.softmax warns of one element.
ALONE = {**DROPPED, "one": [[3.0], [-5.0]]}


def _over_several(layer, value, torch):
    along = torch_function(torch, axis="dim")
    return [
        Axis(layer=layer, value=value, inputs=DROPPED, torch=along),
        Axis(layer=layer, kwargs={"axis": 1}, value=value, torch=along),
        Axis(layer=layer, kwargs={"axis": [-1]}, value=value),
        Axis(layer=layer, kwargs={"axis": [-2, -1]}, value=value, inputs=LARGE),
    ]


CASES = [
    *_over_several("Softmax", softmax, "softmax"),
    *_over_several("LogSoftmax", log_softmax, "log_softmax"),
    Axis(
        layer="Softmin",
        value=softmin,
        inputs=INPUTS,
        torch=torch_function("softmin", axis="dim"),
    ),
    Axis(layer="Softmin", kwargs={"axis": [-2, -1]}, value=softmin, inputs=LARGE),
    Axis(layer="GumbelSoftmax", value=gumbel_softmax, inputs=DROPPED),
    Axis(
        layer="GumbelSoftmax",
        kwargs={"axis": 1, "temperature": 0.5, "seed": 3},
        value=gumbel_softmax,
        ulps=32,  # the quotient's rounding is that of a larger exponent
    ),
    Axis(
        layer="SoftmaxOne",
        value=softmax_one,
        inputs=ALONE,
        vectors=(
            ([[0.0, 0.0, 0.0]], [[0.25, 0.25, 0.25]]),
            ([[-np.inf, -np.inf]], [[0.0, 0.0]]),
        ),
    ),
    Axis(layer="SoftmaxOne", kwargs={"axis": [-2, -1]}, value=softmax_one),
    Axis(
        layer="Sparsemax",
        value=sparsemax,
        inputs=ALONE,
        vectors=(
            ([[-2.0, 0.0, 0.5]], [[0.0, 0.25, 0.75]]),
            ([[0.0, 0.5, 1.0]], [[0.0, 0.25, 0.75]]),
            ([[1e30, 1e30]], [[0.5, 0.5]]),
        ),
    ),
    Axis(layer="Sparsemax", kwargs={"axis": 1}, value=sparsemax),
    Axis(
        layer="Entmax15",
        value=entmax15,
        inputs=ALONE,
        vectors=(
            ([[-2.0, 0.0, 0.5]], [[0.0, 0.3260, 0.6740]]),
            ([[1e30, 1e30]], [[0.5, 0.5]]),
        ),
    ),
    Axis(layer="Entmax15", kwargs={"axis": 1}, value=entmax15),
    Axis(
        layer="Entmax",
        value=entmax,
        inputs=ALONE,
        vectors=(([[-2.0, 0.0, 0.5]], [[0.0, 0.3260, 0.6740]]),),
    ),
    # Sparser ones multiply the rounding of the threshold near the border.
    *(
        Axis(layer="Entmax", kwargs={"alpha": a}, value=entmax, inputs=ALONE, ulps=ulps)
        for a, ulps in ((1 + 2**-10, 16), (1.25, 16), (1.75, 32), (2.5, 64))
    ),
    Axis(layer="Entmax", kwargs={"alpha": 1.125, "axis": 1}, value=entmax),
    Axis(
        layer="Entmax",
        kwargs={"learnable": True, "alpha": 1.25},
        weights={"logit": 0.5},
        value=learned_entmax,
        ulps=32,
    ),
    Axis(
        layer="Entmax",
        kwargs={"learnable": True, "shared_axes": [1], "axis": 1},
        weights={"logit": -1.0},
        value=learned_entmax,
        ulps=32,
    ),
]
