"""Lower each activation to ONNX operators, by target, opset and dtype."""

from keras_acts.export.lowering import (  # importing them fills the table
    exponential,
    gated,
    gaussian,
    linear,
    maxout,
    normalizing,
    periodic,
    relu,
    shrink,
    sigmoid,
    smooth,
    softmax,
    tanh,
)
from keras_acts.export.lowering.table import FORMS, Form, lower

__all__ = [
    "FORMS",
    "Form",
    "exponential",
    "gated",
    "gaussian",
    "linear",
    "lower",
    "maxout",
    "normalizing",
    "periodic",
    "relu",
    "shrink",
    "sigmoid",
    "smooth",
    "softmax",
    "tanh",
]
