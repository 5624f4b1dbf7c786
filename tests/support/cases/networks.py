"""Rows of activations that a small network inside bends, of several families."""

import functools
import itertools

import numpy as np

from support.case import Axis


class Network(Axis):
    """A row whose weights are those of the layers inside it, drawn as if trained."""

    @staticmethod
    def draws(channels, rank, **kwargs):
        """Return the weights by their path inside the layer."""
        raise NotImplementedError

    def set_weights(self, layer):
        first = self.kwargs.get("data_format") == "channels_first"
        channels = self.shape[1 if first else -1]
        drawn = type(self).draws(channels, len(self.shape), **self.kwargs)
        for path, value in drawn.items():
            variable = functools.reduce(getattr, path.split("/"), layer)
            variable.assign(np.reshape(value, variable.shape))


def _normalized(name, kernel_shape, channels, rng):
    return {
        f"{name}/kernel": rng.normal(0, 0.8, kernel_shape),
        f"{name}/gamma": rng.uniform(0.5, 1.5, channels),
        f"{name}/beta": rng.normal(0, 0.3, channels),
        f"{name}/moving_mean": rng.normal(0, 0.3, channels),
        f"{name}/moving_variance": rng.uniform(0.5, 1.5, channels),
    }


def _normalize(y, weights, name, epsilon):
    y = y - weights[f"{name}/moving_mean"]
    y = y / np.sqrt(weights[f"{name}/moving_variance"] + epsilon)
    return y * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def _sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def _channels_last(function):
    """Return a function of any data format, given one of channels last."""

    def of_any(x, data_format="channels_last", **kwargs):
        if data_format == "channels_first":
            return np.moveaxis(function(np.moveaxis(x, 1, -1), **kwargs), -1, 1)
        return function(x, **kwargs)

    return of_any


def _spatial(x):
    return tuple(range(1, x.ndim - 1))


class APReLU(Network):
    @staticmethod
    def draws(channels, _rank=3, units=None, **_):
        rng, units = np.random.default_rng(21), units or channels
        return {
            **_normalized("squeeze", (2 * channels, units), units, rng),
            **_normalized("excite", (units, channels), channels, rng),
        }


@_channels_last
def aprelu(x, units=None, epsilon=1e-3):
    weights = APReLU.draws(x.shape[-1], units=units)
    positive, negative = np.maximum(x, 0), np.minimum(x, 0)
    spatial = _spatial(x)
    y = np.concatenate([positive.mean(spatial), negative.mean(spatial)], -1)
    y = _normalize(y @ weights["squeeze/kernel"], weights, "squeeze", epsilon)
    y = np.maximum(y, 0) @ weights["excite/kernel"]
    slope = _sigmoid(_normalize(y, weights, "excite", epsilon))
    return positive + np.expand_dims(slope, spatial) * negative


class MetaACON(Network):
    @staticmethod
    def draws(channels, _rank=3, reduction=16, **_):
        rng = np.random.default_rng(22)
        units = max(reduction, channels // reduction)
        return {
            "p1": rng.normal(1, 0.3, channels),
            "p2": rng.normal(0, 0.3, channels),
            **_normalized("squeeze", (channels, units), units, rng),
            **_normalized("excite", (units, channels), channels, rng),
        }


@_channels_last
def meta_acon(x, reduction=16, epsilon=1e-5):
    weights = MetaACON.draws(x.shape[-1], reduction=reduction)
    y = x.mean(_spatial(x)) @ weights["squeeze/kernel"]
    y = _normalize(y, weights, "squeeze", epsilon) @ weights["excite/kernel"]
    beta = _sigmoid(_normalize(y, weights, "excite", epsilon))
    d = (weights["p1"] - weights["p2"]) * x
    return d * _sigmoid(np.expand_dims(beta, _spatial(x)) * d) + weights["p2"] * x


class FReLU(Network):
    @staticmethod
    def draws(channels, rank=3, kernel_size=3, **_):
        rng = np.random.default_rng(23)
        window = (kernel_size,) * (rank - 2)
        return _normalized("condition", (*window, channels), channels, rng)


@_channels_last
def frelu(x, kernel_size=3, epsilon=1e-5):
    weights = FReLU.draws(x.shape[-1], x.ndim, kernel_size)
    before = (kernel_size - 1) // 2
    width = [
        (before, kernel_size - 1 - before) if a in _spatial(x) else (0, 0)
        for a in range(x.ndim)
    ]
    padded, y = np.pad(x, width), 0
    for offsets in itertools.product(range(kernel_size), repeat=x.ndim - 2):
        places = [slice(o, o + n) for o, n in zip(offsets, x.shape[1:], strict=False)]
        y = y + padded[(slice(None), *places)] * weights["condition/kernel"][offsets]
    return np.maximum(x, _normalize(y, weights, "condition", epsilon))


class DYReLU(Network):
    @staticmethod
    def draws(channels, _rank=3, variant="B", pieces=2, reduction=8, **_):
        rng, units = np.random.default_rng(24), max(channels // reduction, 1)
        lines = 2 * pieces * (1 if variant == "A" else channels)
        drawn = {
            "squeeze_kernel": rng.normal(0.3, 0.8, (channels, units)),
            "squeeze_bias": rng.normal(1, 0.3, units),
            "excite_kernel": rng.normal(0, 0.8, (units, lines)),
            "excite_bias": rng.normal(0, 0.3, lines),
        }
        if variant == "C":
            drawn["attention_kernel"] = rng.normal(0, 0.8, (channels, 1))
        return drawn


@_channels_last
def dyrelu(
    x,
    variant="B",
    pieces=2,
    reduction=8,
    lambda_a=1.0,
    lambda_b=0.5,
    temperature=10.0,
):
    weights = DYReLU.draws(x.shape[-1], x.ndim, variant, pieces, reduction)
    spatial = _spatial(x)
    h = x.mean(spatial) @ weights["squeeze_kernel"] + weights["squeeze_bias"]
    h = np.maximum(h, 0) @ weights["excite_kernel"] + weights["excite_bias"]
    residuals = np.tanh(h / 2).reshape(len(x), 2, pieces, -1)
    a, b = lambda_a * residuals[:, 0], lambda_b * residuals[:, 1]
    a[:, 0] += 1
    lines = [
        np.expand_dims(a[:, k], spatial) * x + np.expand_dims(b[:, k], spatial)
        for k in range(pieces)
    ]
    y = np.max(lines, axis=0)
    if variant == "C":
        z = (x * weights["attention_kernel"][:, 0]).sum(-1, keepdims=True) / temperature
        e = np.exp(z - z.max(spatial, keepdims=True))
        share = e / e.sum(spatial, keepdims=True)
        y = y * np.minimum(np.prod(x.shape[1:-1]) / 3 * share, 1)
    return y


CASES = [
    APReLU(layer="APReLU", value=aprelu),
    APReLU(
        layer="APReLU", kwargs={"units": 7, "epsilon": 0.01}, value=aprelu, shape=(3, 4)
    ),
    APReLU(
        layer="APReLU",
        kwargs={"data_format": "channels_first"},
        value=aprelu,
        shape=(2, 3, 4, 5),
    ),
    MetaACON(layer="MetaACON", value=meta_acon),
    MetaACON(
        layer="MetaACON",
        kwargs={"reduction": 2, "epsilon": 0.01},
        value=meta_acon,
        shape=(3, 6),
    ),
    MetaACON(
        layer="MetaACON",
        kwargs={"data_format": "channels_first"},
        value=meta_acon,
        shape=(2, 3, 4, 5),
    ),
    FReLU(layer="FReLU", value=frelu, ranks=(3,)),
    FReLU(
        layer="FReLU",
        kwargs={"epsilon": 0.1},
        value=frelu,
        shape=(5, 4),
        ranks=(2,),
    ),
    FReLU(
        layer="FReLU",
        kwargs={"kernel_size": 2, "epsilon": 0.01},
        value=frelu,
        shape=(2, 4, 3, 3),
        ranks=(4,),
    ),
    FReLU(
        layer="FReLU",
        kwargs={"data_format": "channels_first"},
        value=frelu,
        shape=(2, 3, 4, 5),
        ranks=(4,),
    ),
    FReLU(
        layer="FReLU",
        kwargs={"kernel_size": 3},
        value=frelu,
        shape=(2, 3, 2, 4, 2),
        ranks=(5,),
    ),
    DYReLU(layer="DYReLU", value=dyrelu),
    DYReLU(
        layer="DYReLU",
        kwargs={"variant": "A", "pieces": 3, "lambda_a": 0.5, "lambda_b": 0.25},
        value=dyrelu,
        shape=(3, 4),
    ),
    DYReLU(
        layer="DYReLU",
        kwargs={"reduction": 2, "data_format": "channels_first"},
        value=dyrelu,
        shape=(2, 4, 2),
    ),
    DYReLU(
        layer="DYReLU",
        kwargs={"variant": "C", "temperature": 2.0},
        value=dyrelu,
        shape=(2, 3, 4, 2),
        ranks=(3, 4, 5),
    ),
]
