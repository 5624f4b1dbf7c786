"""The activations as layers, one module a family."""

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
from keras_acts.layers.normalizing import DyT
from keras_acts.layers.periodic import Snake
from keras_acts.layers.relu import (
    TLU,
    APReLU,
    CReLU,
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
    ISRLU,
    ISRU,
    SERLU,
    XIELU,
    ELiSH,
    GoLU,
    HardMish,
    Laplace,
    SmeLU,
    StarReLU,
    TeLU,
)
from keras_acts.layers.softmax import (
    Entmax15,
    LogSoftmax,
    Softmax,
    SoftmaxOne,
    Softmin,
    Sparsemax,
)
from keras_acts.layers.tanh import HardTanh, LiSHT, Softsign, Tanh, TanhShrink

build_activations_of_hosts()

__all__ = [
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
    "DyT",
    "ELiSH",
    "Entmax15",
    "Exponential",
    "GatedDense",
    "GoLU",
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
    "Mish",
    "PReLU",
    "RReLU",
    "ReGLU",
    "ReLU",
    "ReLU6",
    "SReLU",
    "SiLU",
    "Sigmoid",
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
