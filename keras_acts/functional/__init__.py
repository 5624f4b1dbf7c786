"""The activations as pure functions of tensors, one module a family."""

from keras_acts.functional._activation import ActivationFunction, ActivationOperation
from keras_acts.functional.exponential import (
    celu,
    elu,
    exponential,
    mish,
    pelu,
    selu,
    softplus,
    squareplus,
)
from keras_acts.functional.gated import geglu, glu, reglu, swiglu
from keras_acts.functional.gaussian import gelu
from keras_acts.functional.linear import linear
from keras_acts.functional.maxout import channel_maxout, maxout
from keras_acts.functional.periodic import snake
from keras_acts.functional.relu import (
    aprelu,
    crelu,
    leaky_relu,
    prelu,
    relu,
    relu6,
    rrelu,
    squared_relu,
    threshold,
    thresholded_relu,
    tlu,
)
from keras_acts.functional.shrink import hard_shrink, soft_shrink, srelu
from keras_acts.functional.sigmoid import (
    hard_sigmoid,
    hard_swish,
    log_sigmoid,
    sigmoid,
    silu,
    sparse_plus,
    sparse_sigmoid,
    swish,
)
from keras_acts.functional.softmax import (
    entmax15,
    log_softmax,
    softmax,
    softmin,
    sparsemax,
)
from keras_acts.functional.tanh import hard_tanh, lisht, softsign, tanh, tanh_shrink

__all__ = [
    "ActivationFunction",
    "ActivationOperation",
    "aprelu",
    "celu",
    "channel_maxout",
    "crelu",
    "elu",
    "entmax15",
    "exponential",
    "geglu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "lisht",
    "log_sigmoid",
    "log_softmax",
    "maxout",
    "mish",
    "pelu",
    "prelu",
    "reglu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "snake",
    "soft_shrink",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squared_relu",
    "squareplus",
    "srelu",
    "swiglu",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
    "thresholded_relu",
    "tlu",
]
