"""What each of our layers is timed against in training, by name of our layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers, ops


@dataclass(frozen=True)
class Rival:
    """One layer of somebody else, or a formula.

    Attributes:
        name: What the tables call it.
        make: Makes the layer.
        arguments: Those of our layer that give the same function.
    """

    name: str
    make: Callable[[], Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_keras(self) -> bool:
        """Whether Keras has a layer or function of this name itself."""
        return self.name.startswith("keras ")


def rivals() -> dict[str, Rival]:
    """Return the rivals by the name of our layer."""
    return {
        **{name: _activation(function) for name, function in _ACTIVATIONS.items()},
        **_LAYERS,
        **{name: _formula(function) for name, function in _FORMULAS.items()},
        "Threshold": Rival(
            "keras threshold", lambda: Formula(_threshold, 0), _THRESHOLD
        ),
        "PELU": _formula(_pelu, learned=2),
        "SReLU": _formula(_srelu, learned=4),
        "TLU": _formula(ops.maximum, learned=1),
        "Maxout": Rival("Dense and max", _maxout, {"units": 64}),
        "ChannelMaxout": Rival("reshape and max", _channel_maxout, {"units": 32}),
    }


def _threshold(x: Any) -> Any:
    return ops.threshold(x, **_THRESHOLD)


def _pelu(x: Any, a: Any, b: Any) -> Any:
    return ops.where(x > 0, x * a / b, a * (ops.exp(ops.minimum(x, 0.0) / b) - 1.0))


def _srelu(x: Any, t_l: Any, a_l: Any, t_r: Any, a_r: Any) -> Any:
    right = ops.where(x >= t_r, t_r + a_r * (x - t_r), x)
    return ops.where(x <= t_l, t_l + a_l * (x - t_l), right)


def _maxout() -> Any:
    return keras.Sequential(
        [layers.Dense(128), layers.Reshape((64, 2)), Formula(_last_maximum, 0)]
    )


def _channel_maxout() -> Any:
    return keras.Sequential([layers.Reshape((32, 2)), Formula(_last_maximum, 0)])


def _last_maximum(x: Any) -> Any:
    return ops.max(x, axis=-1)


def _activation(function: str) -> Rival:
    return Rival(f"keras {function}", lambda: layers.Activation(function))


class Formula(layers.Layer):
    """A formula as a layer, with vectors of one learned value a channel."""

    def __init__(self, function: Callable[..., Any], learned: int) -> None:
        super().__init__()
        self.function = function
        self.learned = learned

    def build(self, shape: Any) -> None:
        """Make the learned vectors."""
        self.vectors = [
            self.add_weight((shape[-1],), "ones", name=f"vector_{i}")
            for i in range(self.learned)
        ]

    def call(self, x: Any) -> Any:
        """Apply the formula."""
        return self.function(x, *self.vectors)


def _formula(function: Callable[..., Any], *, learned: int = 0) -> Rival:
    return Rival("its formula", lambda: Formula(function, learned))


WITHOUT = {
    **dict.fromkeys(
        ("APReLU", "DYReLU", "FReLU", "MetaACON"),
        "published as a network of its own; Keras has nothing like it",
    ),
    "Entmax": "Keras and torch have none; at its default it is Entmax15",
    "Entmax15": "Keras and torch have none; sorting by hand is the same work",
    "RReLU": "Keras has none, and a training step draws slopes",
    "GumbelSoftmax": "Keras has none, and a training step draws noise",
    "GatedDense": "Keras has none; two products are other work than one",
    **dict.fromkeys(
        (
            *("ACONB", "ACONC", "ClippedSwiGLU", "DyT", "ELiSH", "GoLU", "HardMish"),
            *("ISRLU", "ISRU", "Laplace", "PolyNorm", "Rational", "SERLU", "Sine"),
            *("SmeLU", "SoftmaxOne", "StarReLU", "TeLU", "XIELU"),
        ),
        "Keras has none; its formula is not measured yet",
    ),
}
"""Our layers that have no rival, with the reason."""

_ACTIVATIONS = {
    "CELU": "celu",
    "ELU": "elu",
    "Exponential": "exponential",
    "GELU": "gelu",
    "GLU": "glu",
    "HardShrink": "hard_shrink",
    "HardSigmoid": "hard_sigmoid",
    "HardSwish": "hard_swish",
    "HardTanh": "hard_tanh",
    "Linear": "linear",
    "LogSigmoid": "log_sigmoid",
    "LogSoftmax": "log_softmax",
    "Mish": "mish",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SELU": "selu",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "SoftShrink": "soft_shrink",
    "Softsign": "softsign",
    "Sparsemax": "sparsemax",
    "SparsePlus": "sparse_plus",
    "SparseSigmoid": "sparse_sigmoid",
    "Squareplus": "squareplus",
    "Swish": "swish",
    "Tanh": "tanh",
    "TanhShrink": "tanh_shrink",
}

_LAYERS = {
    "LeakyReLU": Rival(
        "keras LeakyReLU", lambda: layers.LeakyReLU(negative_slope=0.01)
    ),
    "PReLU": Rival("keras PReLU", lambda: layers.PReLU(alpha_initializer="ones")),
}

_THRESHOLD = {"threshold": 1.0, "default_value": 0.0}

_FORMULAS: dict[str, Callable[[Any], Any]] = {
    "CReLU": lambda x: ops.concatenate([ops.relu(x), ops.relu(-x)], axis=-1),
    "GEGLU": lambda x: (lambda a, b: a * ops.gelu(b, approximate=False))(
        *ops.split(x, 2, axis=-1)
    ),
    "LiSHT": lambda x: x * ops.tanh(x),
    "ReGLU": lambda x: (lambda a, b: a * ops.relu(b))(*ops.split(x, 2, axis=-1)),
    "Snake": lambda x: x + ops.square(ops.sin(x)),
    "Softmin": lambda x: ops.softmax(-x, axis=-1),
    "SquaredReLU": lambda x: ops.square(ops.relu(x)),
    "SwiGLU": lambda x: (lambda a, b: a * ops.silu(b))(*ops.split(x, 2, axis=-1)),
    "ThresholdedReLU": lambda x: ops.where(x > 1.0, x, keras.ops.zeros_like(x)),
}
