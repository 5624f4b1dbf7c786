"""What a training step consists of: each kernel is a pass over the data.

The forms were chosen by their times (`docs/performance.md`); here is what was chosen,
so that none is lost unnoticed.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_acts import catalogue

X = np.linspace(-3.0, 3.0, 24, dtype="float32").reshape(3, 8)

ON_TORCH = {
    "ChannelMaxout": (
        {"units": 4},
        "maximum",
        None,  # the derivative of torch's own maximum
    ),
    "GELU": (
        {},
        "clamp mul erfc_ mul_ mul",
        "clamp gelu_backward",
    ),
    "PReLU": (
        {},
        "expand gt mul where",
        # An infinite slope must not spoil the inputs that it does not multiply.
        "gt lift_fresh where mul gt lift_fresh where mul sum",
    ),
    "Sigmoid": ({}, "sigmoid", "sigmoid_backward"),
    "Tanh": ({}, "tanh", "tanh_backward"),
}
"""Kernels of the forward and of the backward pass in eager mode."""

ON_TENSORFLOW = {
    "ELU": "Minimum Mul Tanh Mul Sub RealDiv Maximum",
    "SELU": "Minimum Mul Tanh Mul Sub RealDiv Relu Mul AddV2",
    "Softsign": "Maximum Minimum Abs AddV2 RealDiv",  # differentiable twice
}
"""Kernels of the forward pass in a `tf.function`."""


def _layer(name: str, **kwargs: Any) -> keras.Layer:
    layer = catalogue.activations()[name].layer(**kwargs)
    layer.build(X.shape)
    return layer


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="kernels of torch")
@pytest.mark.parametrize("name", ON_TORCH)
def test_kernels_of_a_step_on_torch(name: str) -> None:
    import torch

    kwargs, forward, backward = ON_TORCH[name]
    layer = _layer(name, **kwargs)
    x = torch.tensor(X, requires_grad=True)
    with _kernels() as found:
        y = layer(x)
    assert " ".join(found) == forward
    weights = [w.value for w in layer.trainable_variables]
    with _kernels() as found:
        torch.autograd.grad(y, [x, *weights], torch.ones_like(y))
    assert backward is None or " ".join(found) == backward


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="a compiler of torch")
def test_compiled_gelu_needs_no_erfc() -> None:
    import torch

    targets: list[str] = []

    def record(module: Any, _inputs: Any) -> Any:
        graphs = [m for m in module.modules() if isinstance(m, torch.fx.GraphModule)]
        targets.extend(str(node.target) for g in graphs for node in g.graph.nodes)
        return module

    layer = _layer("GELU")
    torch.compiler.reset()
    torch.compile(layer, backend=record)(torch.tensor(X, requires_grad=True))
    assert any("exp" in target for target in targets)
    assert not any("erfc" in target for target in targets)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="kernels of TensorFlow"
)
@pytest.mark.parametrize("name", ON_TENSORFLOW)
def test_kernels_of_the_forward_pass_on_tensorflow(name: str) -> None:
    import tensorflow as tf

    layer = _layer(name)
    made = tf.function(layer).get_concrete_function(tf.TensorSpec(X.shape))
    kinds = [operation.type for operation in made.graph.get_operations()]
    other = {"Const", "Identity", "IdentityN", "Placeholder", "ReadVariableOp"}
    assert " ".join(kind for kind in kinds if kind not in other) == ON_TENSORFLOW[name]


def _kernels() -> Any:
    """Return a context that collects the names of what torch runs, views left out."""
    from torch.utils._python_dispatch import TorchDispatchMode

    views = {"_to_copy", "alias", "clone", "detach", "ones_like", "select", "view"}

    class Kernels(TorchDispatchMode):
        def __enter__(self) -> list[str]:
            self.names: list[str] = []
            super().__enter__()
            return self.names

        def __torch_dispatch__(
            self, function: Any, _types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = function.overloadpacket.__name__
            if name not in views:
                self.names.append(name)
            return function(*args, **(kwargs or {}))

    return Kernels()
