"""The activations as layers, one module a family."""

from keras_acts._backend import explained

with explained():
    import keras  # noqa: F401 - where it can't be, this says why

from keras_acts._conversion import from_keras, to_keras
from keras_acts.layers._hosts import build_activations_of_hosts
from keras_acts.layers.exponential import (
    CELU,
    ELU,
    PELU,
    SELU,
    Exponential,
    Mish,
    Softplus,
    Squareplus,
)
from keras_acts.layers.gated import GEGLU, GLU, ClippedSwiGLU, GatedDense, ReGLU, SwiGLU
from keras_acts.layers.gaussian import GELU
from keras_acts.layers.linear import Linear
from keras_acts.layers.maxout import ChannelMaxout, Maxout
from keras_acts.layers.normalizing import DyT, PolyNorm
from keras_acts.layers.periodic import Sine, Snake
from keras_acts.layers.relu import (
    TLU,
    APReLU,
    CReLU,
    DYReLU,
    FReLU,
    LeakyReLU,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    SquaredReLU,
    Threshold,
    ThresholdedReLU,
)
from keras_acts.layers.shrink import HardShrink, SoftShrink, SReLU
from keras_acts.layers.sigmoid import (
    HardSigmoid,
    HardSwish,
    LogSigmoid,
    Sigmoid,
    SiLU,
    SparsePlus,
    SparseSigmoid,
    Swish,
)
from keras_acts.layers.smooth import (
    ACON,
    ACONB,
    ACONC,
    ISRLU,
    ISRU,
    SERLU,
    XIELU,
    ELiSH,
    GoLU,
    HardMish,
    Laplace,
    MetaACON,
    Rational,
    SmeLU,
    StarReLU,
    TeLU,
)
from keras_acts.layers.softmax import (
    Entmax,
    Entmax15,
    GumbelSoftmax,
    LogSoftmax,
    Softmax,
    SoftmaxOne,
    Softmin,
    Sparsemax,
)
from keras_acts.layers.tanh import HardTanh, LiSHT, Softsign, Tanh, TanhShrink

build_activations_of_hosts()


def __getattr__(name: str) -> type:
    """Return MaxoutConv2D, a convolution rather than an activation, when asked for."""
    if name == "MaxoutConv2D":
        from keras_acts._maxout_conv import MaxoutConv2D

        return MaxoutConv2D
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ACON",
    "ACONB",
    "ACONC",
    "CELU",
    "ELU",
    "GEGLU",
    "GELU",
    "GLU",
    "ISRLU",
    "ISRU",
    "PELU",
    "SELU",
    "SERLU",
    "TLU",
    "XIELU",
    "APReLU",
    "CReLU",
    "ChannelMaxout",
    "ClippedSwiGLU",
    "DYReLU",
    "DyT",
    "ELiSH",
    "Entmax",
    "Entmax15",
    "Exponential",
    "FReLU",
    "GatedDense",
    "GoLU",
    "GumbelSoftmax",
    "HardMish",
    "HardShrink",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "Laplace",
    "LeakyReLU",
    "LiSHT",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "Maxout",
    "MaxoutConv2D",
    "MetaACON",
    "Mish",
    "PReLU",
    "PolyNorm",
    "RReLU",
    "Rational",
    "ReGLU",
    "ReLU",
    "ReLU6",
    "SReLU",
    "SiLU",
    "Sigmoid",
    "Sine",
    "SmeLU",
    "Snake",
    "SoftShrink",
    "Softmax",
    "SoftmaxOne",
    "Softmin",
    "Softplus",
    "Softsign",
    "SparsePlus",
    "SparseSigmoid",
    "Sparsemax",
    "SquaredReLU",
    "Squareplus",
    "StarReLU",
    "SwiGLU",
    "Swish",
    "Tanh",
    "TanhShrink",
    "TeLU",
    "Threshold",
    "ThresholdedReLU",
    "from_keras",
    "to_keras",
]
