"""What other libraries call the activations, and the arguments that make ours theirs.

`docs/generate.py` writes `docs/names.md` from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Name:
    """One name of another library.

    Attributes:
        library: The library, or its module: `"torch.nn"`.
        name: Its name there.
        layer: Our layer; None where there is none.
        arguments: Arguments of our layer with which it does what theirs does.
        note: What else to know, or why there is no layer.
    """

    library: str
    name: str
    layer: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


_TANH = {"approximate": "tanh"}
_QUICK = {"approximate": "sigmoid"}


def _torch() -> list[Name]:
    same = (
        *("CELU", "ELU", "GELU", "GLU", "LeakyReLU", "LogSigmoid", "LogSoftmax"),
        *("Mish", "ReLU", "ReLU6", "RReLU", "SELU", "Sigmoid", "SiLU", "Softmax"),
        *("Softmin", "Softplus", "Softsign", "Tanh"),
    )
    renamed = {
        "Hardshrink": "HardShrink",
        "Hardsigmoid": "HardSigmoid",
        "Hardswish": "HardSwish",
        "Hardtanh": "HardTanh",
        "Softshrink": "SoftShrink",
        "Tanhshrink": "TanhShrink",
    }
    notes = {
        "Softmax": "theirs has no default axis",
        "Softmin": "theirs has no default axis",
        "LogSoftmax": "theirs has no default axis",
        "Softplus": "theirs is linear above a threshold, 20",
    }
    rows = [Name("torch.nn", name, name, note=notes.get(name, "")) for name in same]
    rows += [Name("torch.nn", theirs, ours) for theirs, ours in renamed.items()]
    return [
        *rows,
        Name("torch.nn", "PReLU", "PReLU", {"sharing": "all"}),
        Name("torch.nn", "Softmax2d", "Softmax", {"axis": -3}, "channels first"),
        Name("torch.nn", "Threshold", "Threshold", note="theirs has no defaults"),
        Name(
            "torch.nn",
            "MultiheadAttention",
            None,
            note="no activation: `keras.layers.MultiHeadAttention`",
        ),
    ]


def _jax() -> list[Name]:
    ours = {
        "celu": "CELU",
        "elu": "ELU",
        "glu": "GLU",
        "hard_sigmoid": "HardSigmoid",
        "hard_silu": "HardSwish",
        "hard_swish": "HardSwish",
        "hard_tanh": "HardTanh",
        "identity": "Linear",
        "leaky_relu": "LeakyReLU",
        "log_sigmoid": "LogSigmoid",
        "log_softmax": "LogSoftmax",
        "mish": "Mish",
        "relu": "ReLU",
        "relu6": "ReLU6",
        "selu": "SELU",
        "sigmoid": "Sigmoid",
        "silu": "SiLU",
        "soft_sign": "Softsign",
        "softmax": "Softmax",
        "softplus": "Softplus",
        "sparse_plus": "SparsePlus",
        "sparse_sigmoid": "SparseSigmoid",
        "squareplus": "Squareplus",
        "swish": "Swish",
        "tanh": "Tanh",
    }
    rows = [Name("jax.nn", name, layer) for name, layer in ours.items()]
    return [*rows, Name("jax.nn", "gelu", "GELU", _TANH)]


def _tensorflow() -> list[Name]:
    ours = {
        "crelu": "CReLU",
        "elu": "ELU",
        "gelu": "GELU",
        "log_softmax": "LogSoftmax",
        "relu": "ReLU",
        "relu6": "ReLU6",
        "selu": "SELU",
        "sigmoid": "Sigmoid",
        "silu": "SiLU",
        "softmax": "Softmax",
        "softplus": "Softplus",
        "softsign": "Softsign",
        "swish": "Swish",
        "tanh": "Tanh",
    }
    rows = [Name("tf.nn", name, layer) for name, layer in ours.items()]
    slope = {"negative_slope": 0.2}
    return [*rows, Name("tf.nn", "leaky_relu", "LeakyReLU", slope)]


def _timm() -> list[Name]:
    ours = {
        "celu": "CELU",
        "elu": "ELU",
        "gelu": "GELU",
        "hard_mish": "HardMish",
        "hard_sigmoid": "HardSigmoid",
        "hard_swish": "HardSwish",
        "identity": "Linear",
        "leaky_relu": "LeakyReLU",
        "mish": "Mish",
        "relu": "ReLU",
        "relu6": "ReLU6",
        "selu": "SELU",
        "sigmoid": "Sigmoid",
        "silu": "SiLU",
        "swish": "Swish",
        "tanh": "Tanh",
    }
    return [
        *(Name("timm", name, layer) for name, layer in ours.items()),
        Name("timm", "gelu_tanh", "GELU", _TANH),
        Name("timm", "quick_gelu", "GELU", _QUICK),
        Name("timm", "prelu", "PReLU", {"sharing": "all"}),
    ]


def _transformers() -> list[Name]:
    ours = {
        "gelu": "GELU",
        "hardswish": "HardSwish",
        "laplace": "Laplace",
        "leaky_relu": "LeakyReLU",
        "linear": "Linear",
        "mish": "Mish",
        "relu": "ReLU",
        "relu2": "SquaredReLU",
        "relu6": "ReLU6",
        "sigmoid": "Sigmoid",
        "silu": "SiLU",
        "swish": "Swish",
        "tanh": "Tanh",
        "xielu": "XIELU",
    }
    forms = (
        *("gelu_accurate", "gelu_fast", "gelu_new", "gelu_python_tanh"),
        "gelu_pytorch_tanh",
    )
    return [
        *(Name("transformers", name, layer) for name, layer in ours.items()),
        *(Name("transformers", name, "GELU", _TANH) for name in forms),
        Name("transformers", "gelu_python", "GELU"),
        Name("transformers", "quick_gelu", "GELU", _QUICK),
        Name("transformers", "prelu", "PReLU", {"sharing": "all"}),
        Name("transformers", "gelu_10", None, note="a GELU clipped to ±10"),
        Name(
            "transformers",
            "sqrtsoftplus",
            None,
            note="the root of a Softplus, for the scores of a router",
        ),
    ]


NAMES = (*_torch(), *_jax(), *_tensorflow(), *_timm(), *_transformers())
"""Each name of an activation there."""
