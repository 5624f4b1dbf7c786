"""Custom gradients for torch; imported on that backend only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import forward_ad

Tensor = Any
Map = Callable[..., Tensor]


def _leaves(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return tensors without gradients where `torch.compile` traces.

    It does not trace a custom gradient within another.
    """
    if torch.compiler.is_compiling():
        return tuple(x.detach() for x in tensors)
    return tensors


class WithGradient(torch.autograd.Function):
    """`value(x, *parameters)` with the gradient `pullback`, differentiable twice."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, value: Map, _pullback: Map, *parameters: float) -> Tensor:
        """Return the value."""
        return value(*_leaves(x), *parameters)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _output: Tensor) -> None:
        """Keep what the gradient needs."""
        x, _, ctx.pullback, *ctx.parameters = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        """Return the gradient with respect to `x`."""
        (x,) = _leaves(*ctx.saved_tensors)
        by_x = ctx.pullback(x, gradient, *ctx.parameters)
        return (by_x, None, None, *(None for _ in ctx.parameters))


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


class Pointwise(torch.autograd.Function):
    """`value(*tensors)`, tensors of one shape, with a derivative for each.

    Its arguments are the value, the derivatives, and as many tensors. They are not
    grouped in tuples, which the tangents of batches can't be.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(value: Map, *slopes_and_tensors: Any) -> Tensor:
        """Return the value."""
        return value(*_leaves(*slopes_and_tensors[len(slopes_and_tensors) // 2 :]))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _output: Tensor) -> None:
        """Keep what the gradients need."""
        count = len(inputs) // 2
        ctx.slopes = inputs[1 : 1 + count]
        ctx.save_for_backward(*inputs[1 + count :])
        ctx.set_materialize_grads(False)  # 0 times an infinite slope is NaN

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradient with respect to each tensor that needs one."""
        if gradient is None:
            return (None,) * len(ctx.needs_input_grad)
        wanted = ctx.needs_input_grad[1 + len(ctx.slopes) :]
        tensors = _leaves(*ctx.saved_tensors)
        gradients = (
            gradient * slope(*tensors) if needed else None
            for slope, needed in zip(ctx.slopes, wanted, strict=True)
        )
        return None, *(None for _ in ctx.slopes), *gradients


class PointwiseWithTangent(Pointwise):
    """The same, differentiable in forward mode too, which `torch.compile` refuses."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep what the gradients and the tangent need."""
        Pointwise.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*inputs[1 + len(inputs) // 2 :])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Return the tangent of the result; None stands for no tangent."""
        tensors = ctx.saved_tensors
        parts = [
            tangent * slope(*tensors)
            for slope, tangent in zip(
                ctx.slopes, tangents[1 + len(ctx.slopes) :], strict=True
            )
            if tangent is not None
        ]
        return sum(parts[1:], parts[0])


def pointwise_function() -> type[Pointwise]:
    """Return the class that can be differentiated here."""
    return Pointwise if torch.compiler.is_compiling() else PointwiseWithTangent


def differentiates_again() -> bool:
    """Tell within a gradient whether it is to be differentiated in turn.

    Otherwise it may use kernels that have no derivatives, or wrong ones.
    """
    return torch.is_grad_enabled() and not torch.compiler.is_compiling()


def has_tangent(x: Tensor) -> bool:
    """Tell whether a tensor is differentiated in forward mode."""
    if torch.compiler.is_compiling():
        return False
    return forward_ad.unpack_dual(x).tangent is not None
