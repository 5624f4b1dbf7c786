"""A function with a gradient of its own for torch; imported on that backend alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Tensor = Any
Map = Callable[..., Tensor]


class WithGradient(torch.autograd.Function):
    """`value(x, *parameters)`, differentiated by `pullback`, twice too."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Tensor, value: Map, _pullback: Map, parameters: tuple[float, ...]
    ) -> Tensor:
        """Return the value."""
        return value(x, *parameters)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _output: Tensor) -> None:
        """Keep what the gradient needs."""
        x, _, ctx.pullback, ctx.parameters = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        """Return the gradient by `x`."""
        (x,) = ctx.saved_tensors
        return ctx.pullback(x, gradient, *ctx.parameters), None, None, None
