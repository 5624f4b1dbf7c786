"""Activations of this package and of Keras, in the forms chosen by `lowering`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import onnx_ir as ir

from keras_acts import functional
from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.registry import converts
from keras_acts.export.lowering import FORMS, lower
from keras_acts.export.trace.kinds import activation_kind


def _register_function(name: str, function: Any) -> None:
    """Register the converter of a function, with the arguments of its forms."""
    signature = inspect.signature(function)

    @converts(activation_kind(name))
    def convert(g: GraphBuilder, op: Any, *args: Any, **kwargs: Any) -> ir.Value:
        """Map the activation to the form that applies; the shape follows from it."""
        call = signature.bind(*args, **kwargs)
        call.apply_defaults()
        x = g.cast(call.arguments.pop("x"), g.spec.dtype)
        return lower(name, g, x, **call.arguments)


def _register_operation(kind: str, name: str, attributes: Mapping[str, str]) -> None:
    """Register the converter of a Keras operation, with its attributes."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Map the activation to the form that applies; the shape follows from it."""
        arguments = {key: getattr(op, one) for key, one in attributes.items()}
        return lower(name, g, g.cast(x, g.spec.dtype), **arguments)


def _attributes_named(*names: str) -> dict[str, str]:
    """Map arguments to attributes of the same names."""
    return {name: name for name in names}


KERAS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "activations.Mish": ("mish", {}),
    "activations.ReLU": (
        "keras_relu",
        _attributes_named("negative_slope", "max_value", "threshold"),
    ),
    "nn.Celu": ("celu", _attributes_named("alpha")),
    "nn.Elu": ("elu", _attributes_named("alpha")),
    "nn.Gelu": ("gelu", _attributes_named("approximate")),
    "nn.Glu": ("glu", _attributes_named("axis")),
    "nn.HardShrink": ("hard_shrink", _attributes_named("threshold")),
    "nn.HardSigmoid": ("hard_sigmoid", {}),
    "nn.HardSilu": ("hard_swish", {}),
    "nn.HardTanh": ("hard_tanh", {}),
    "nn.LeakyRelu": ("leaky_relu", _attributes_named("negative_slope")),
    "nn.LogSigmoid": ("log_sigmoid", {}),
    "nn.LogSoftmax": ("log_softmax", _attributes_named("axis")),
    "nn.Relu": ("relu", {}),
    "nn.Relu6": ("relu6", {}),
    "nn.Selu": ("selu", {}),
    "nn.Sigmoid": ("sigmoid", {}),
    "nn.Silu": ("swish", {}),
    "nn.SoftShrink": ("soft_shrink", _attributes_named("threshold")),
    "nn.Softmax": ("softmax", _attributes_named("axis")),
    "nn.Softplus": ("softplus", {}),
    "nn.Softsign": ("softsign", {}),
    "nn.SparsePlus": ("sparse_plus", {}),
    "nn.SparseSigmoid": ("sparse_sigmoid", {}),
    "nn.Sparsemax": ("keras_sparsemax", _attributes_named("axis")),
    "nn.Squareplus": ("keras_squareplus", _attributes_named("b")),
    "nn.TanhShrink": ("tanh_shrink", {}),
    "nn.Threshold": ("threshold", _attributes_named("threshold", "default_value")),
}
"""The activation that computes each of Keras's operations, and its arguments as
attributes of the operation."""

# By function name: an alias has the name of the original.
_FUNCTIONS = {one.__name__: one for one in vars(functional).values() if callable(one)}
for _name in sorted(_FUNCTIONS.keys() & FORMS.keys()):
    _register_function(_name, _FUNCTIONS[_name])
for _kind, (_name, _attributes) in KERAS.items():
    _register_operation(_kind, _name, _attributes)
