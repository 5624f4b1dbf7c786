"""Activations: ours and Keras's, each in the form that `lowering` chooses."""

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


def _ours(name: str, function: Any) -> None:
    """Register one of our functions: its arguments are those of its forms."""
    signature = inspect.signature(function)

    @converts(activation_kind(name))
    def convert(g: GraphBuilder, op: Any, *args: Any, **kwargs: Any) -> ir.Value:
        call = signature.bind(*args, **kwargs)
        call.apply_defaults()
        x = g.cast(call.arguments.pop("x"), g.spec.dtype)
        return lower(name, g, x, **call.arguments)


def _of_keras(kind: str, name: str, attributes: Mapping[str, str]) -> None:
    """Register one of Keras's operations: its arguments are attributes of it."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        arguments = {key: getattr(op, one) for key, one in attributes.items()}
        return lower(name, g, g.cast(x, g.spec.dtype), **arguments)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


KERAS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "activations.Mish": ("mish", {}),
    "activations.ReLU": (
        "keras_relu",
        _same("negative_slope", "max_value", "threshold"),
    ),
    "nn.Celu": ("celu", _same("alpha")),
    "nn.Elu": ("elu", _same("alpha")),
    "nn.Gelu": ("gelu", _same("approximate")),
    "nn.Glu": ("glu", _same("axis")),
    "nn.HardShrink": ("hard_shrink", _same("threshold")),
    "nn.HardSigmoid": ("hard_sigmoid", {}),
    "nn.HardSilu": ("hard_swish", {}),
    "nn.HardTanh": ("hard_tanh", {}),
    "nn.LeakyRelu": ("leaky_relu", _same("negative_slope")),
    "nn.LogSigmoid": ("log_sigmoid", {}),
    "nn.LogSoftmax": ("log_softmax", _same("axis")),
    "nn.Relu": ("relu", {}),
    "nn.Relu6": ("relu6", {}),
    "nn.Selu": ("selu", {}),
    "nn.Sigmoid": ("sigmoid", {}),
    "nn.Silu": ("swish", {}),
    "nn.SoftShrink": ("soft_shrink", _same("threshold")),
    "nn.Softmax": ("softmax", _same("axis")),
    "nn.Softplus": ("softplus", {}),
    "nn.Softsign": ("softsign", {}),
    "nn.SparsePlus": ("sparse_plus", {}),
    "nn.SparseSigmoid": ("sparse_sigmoid", {}),
    "nn.Sparsemax": ("keras_sparsemax", _same("axis")),
    "nn.Squareplus": ("keras_squareplus", _same("b")),
    "nn.TanhShrink": ("tanh_shrink", {}),
    "nn.Threshold": ("threshold", _same("threshold", "default_value")),
}
"""Keras's operations: the activation that each is, and its arguments by the names of
the operation's attributes."""

# By the name of the function: an alias has that of what it stands for.
_FUNCTIONS = {one.__name__: one for one in vars(functional).values() if callable(one)}
for _name in sorted(_FUNCTIONS.keys() & FORMS.keys()):
    _ours(_name, _FUNCTIONS[_name])
for _kind, (_name, _attributes) in KERAS.items():
    _of_keras(_kind, _name, _attributes)
