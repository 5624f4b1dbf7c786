"""Custom gradients for torch; imported on that backend only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Tensor = Any
Map = Callable[..., Tensor]


class WithGradient(torch.autograd.Function):
    """`value(x, *parameters)` with the gradient `pullback`, differentiable twice."""

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
        """Return the gradient with respect to `x`."""
        (x,) = ctx.saved_tensors
        return ctx.pullback(x, gradient, *ctx.parameters), None, None, None


class WithTangent(WithGradient):
    """The same, differentiable in forward mode too, which `torch.compile` refuses."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep what the gradient and the tangent need."""
        WithGradient.setup_context(ctx, inputs, output)
        ctx.save_for_forward(inputs[0])

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_constants: None) -> Tensor:
        """Return the tangent of the result: the map is elementwise."""
        (x,) = ctx.saved_tensors
        return ctx.pullback(x, tangent, *ctx.parameters)


class Bent(torch.autograd.Function):
    """`x` where it is positive, else `slope * x`, without `torch.where`.

    In eager torch that is a loop of unpredictable branches.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, slope: Tensor) -> Tensor:
        """Return the value; one of the two terms is 0."""
        return x.relu() + slope * x.clamp(max=0.0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _output: Tensor) -> None:
        """Keep both inputs."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of both inputs; that of `x` has the slope at 0."""
        x, slope = ctx.saved_tensors
        above = torch.ops.aten.threshold_backward(gradient, x, 0)
        below = gradient - above
        return above + slope * below, (below * x).sum_to_size(slope.shape)


class BentWithTangent(Bent):
    """The same, differentiable in forward mode too, which `torch.compile` refuses."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep both inputs."""
        Bent.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx: Any, x_tangent: Tensor | None, slope_tangent: Tensor | None) -> Tensor:
        """Return the tangent of the result; None stands for no tangent."""
        x, slope = ctx.saved_tensors
        positive = x > 0
        parts = []
        if x_tangent is not None:
            parts.append(torch.where(positive, x_tangent, slope * x_tangent))
        if slope_tangent is not None:
            parts.append(torch.where(positive, 0.0, x * slope_tangent))
        return sum(parts[1:], parts[0])
