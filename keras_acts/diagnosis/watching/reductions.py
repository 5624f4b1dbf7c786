"""What is computed of an activation in each batch: a few numbers a unit.

A unit is an index of the last axis, or of axis 1 where channels come first. Each
statistic is reduced over all other axes on the backend's own tensors; one tensor a call
and batch, of the shape (statistics, units), is what leaves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from keras_acts.diagnosis.watching.slopes import Slope

Tensor = Any
Function = Callable[..., Any]


@dataclass(frozen=True)
class Probe:
    """What is asked of one call of an activation.

    Attributes:
        axis: The axis of the units; None if the output is one unit.
        slope: Where the function is flat; None if it is no function of single elements.
        run: Which run of which recurrent layer makes the call; None outside of loops.
        units: How many units there are, if a loop makes the call.
    """

    axis: int | None
    slope: Slope | None
    run: tuple[str, int] | None = None
    units: int = 1

    @property
    def rows(self) -> tuple[str, ...]:
        """The names of the statistics, in order."""
        found = ["count", "mean", "variance", "zeros"]
        if self.slope is not None:
            by_zeros = self.slope.zero_where_low
            found += ["low"] * (self.slope.low is not None and not by_zeros)
            found += ["high"] * (self.slope.high is not None)
        return tuple(found)


class Reductions:
    """The statistics by `keras.ops`, as compiled backends take them.

    Attributes:
        keeps_steps: Whether what each step of a loop gives can be kept until its end.
    """

    keeps_steps = False

    def reduce(
        self, probe: Probe, x: Tensor, y: Tensor, ends: Any, mask: Tensor = None
    ) -> Tensor:
        """Return the statistics of a call.

        Args:
            probe: What is asked.
            x: The input.
            y: The output.
            ends: The points from which on the function is saturated, by name.
            mask: Which steps count, of the shape (batch, time); None for all.

        Returns:
            A tensor of the shape (statistics, units).
        """
        if mask is not None and probe.axis is not None and probe.axis >= 2:
            return MaskedReductions(self, mask).reduce(probe, x, y, ends)
        axes = tuple(i for i in range(len(y.shape)) if i != probe.axis)
        y = self.prepared(y)
        mean, variance = self.moments(y, axes)
        shares = [self.share("equal", y, 0.0, axes)]
        if "low" in probe.rows or "high" in probe.rows:
            x = self.prepared(x)
            names = {"low": "less_equal", "high": "greater_equal"}
            shares += [
                self.share(names[row], x, ends[row], axes)
                for row in probe.rows
                if row in names
            ]
        count = self.count(y, probe.axis)
        return self.stacked(count, [mean, variance, *shares])

    def fused(self, function: Function) -> Function:
        """Return a function that runs in as few passes as the backend can."""
        return function

    def joined(self, steps: list[Tensor]) -> Tensor:
        """Return what the steps of a loop gave, an axis of time behind the batch."""
        return ops.stop_gradient(ops.stack(steps, axis=1))

    def stacked(self, count: Tensor, rows: list[Tensor]) -> Tensor:
        """Return the count and the other statistics as rows of one tensor."""
        found = ops.stack([ops.zeros_like(rows[0]) + count, *rows])
        return ops.reshape(found, (len(rows) + 1, -1))

    def prepared(self, tensor: Tensor) -> Tensor:
        """Return a tensor in which sums of many elements are exact enough."""
        half = keras.backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16")
        return ops.stop_gradient(ops.cast(tensor, "float32") if half else tensor)

    def moments(self, y: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Return mean and variance in float32."""
        mean = ops.mean(y, axis=axes, keepdims=True)
        variance = ops.mean(ops.square(y - mean), axis=axes)
        mean = ops.reshape(mean, ops.shape(variance))
        return self._float32(mean), self._float32(variance)

    def share(self, name: str, x: Tensor, point: Any, axes: tuple[int, ...]) -> Tensor:
        """Return how many elements compare so with a point, as a share."""
        found = getattr(ops, name)(x, ops.cast(point, x.dtype))
        return ops.mean(ops.cast(found, "float32"), axis=axes)

    def count(self, y: Tensor, axis: int | None) -> Tensor:
        """Return how many elements a unit has."""
        units = 1 if axis is None else ops.shape(y)[axis]
        return self._float32(ops.size(y)) / self._float32(units)

    def _float32(self, value: Any) -> Tensor:
        return ops.cast(value, "float32")


class TensorFlowReductions(Reductions):
    """The same for TensorFlow, whose loops run what they aren't told to fuse op by op.

    XLA takes a third of the time for what a step of a loop adds. On GPUs it needs tools
    of CUDA that may be missing, and there the ops stay as they are.
    """

    def fused(self, function: Function) -> Function:
        """Return a function that XLA compiles, on CPUs."""
        import tensorflow as tf

        built = tf.test.is_built_with_xla()
        if not built or tf.config.list_logical_devices("GPU"):
            return function
        compiled: Function = tf.function(function, autograph=False, jit_compile=True)
        return compiled

    def share(self, name: str, x: Tensor, point: Any, axes: tuple[int, ...]) -> Tensor:
        """Return how many elements compare so with a point, as a share."""
        units = x.shape[-1]
        if units is not None and not ops.shape(point):
            # Comparing with one number takes four times as long as with a row of it.
            point = ops.broadcast_to(ops.cast(point, x.dtype), (units,))
        return super().share(name, x, point, axes)


class TorchReductions(Reductions):
    """The same for eager torch, whose comparisons are quick if they write floats.

    A comparison that returns booleans, and the sum of them, takes 5 times as long.
    """

    keeps_steps = True

    def prepared(self, tensor: Tensor) -> Tensor:
        """Return the numbers of a tensor, outside of what is differentiated."""
        return tensor.detach().float() if tensor.itemsize < 4 else tensor.detach()

    def joined(self, steps: list[Tensor]) -> Tensor:
        """Return what the steps of a loop gave, an axis of time behind the batch."""
        import torch

        with torch.no_grad():
            return torch.stack(steps, 1)

    def stacked(self, count: Tensor, rows: list[Tensor]) -> Tensor:
        """Return the count and the other statistics as rows of one tensor."""
        import torch

        found = torch.stack([torch.full_like(rows[0], count), *rows])
        return found.reshape(len(rows) + 1, -1)

    def moments(self, y: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Return mean and variance in float32."""
        mean = y.mean(axes, keepdim=True)
        shifted = y - mean
        variance = shifted.mul_(shifted).mean(axes)
        return mean.reshape(variance.shape).float(), variance.float()

    def share(self, name: str, x: Tensor, point: Any, axes: tuple[int, ...]) -> Tensor:
        """Return how many elements compare so with a point, as a share."""
        import torch

        compare = {"equal": torch.eq, "less_equal": torch.le, "greater_equal": torch.ge}
        found = compare[name](x, point, out=torch.empty_like(x))
        return found.mean(axes).float()

    def count(self, y: Tensor, axis: int | None) -> Tensor:
        """Return how many elements a unit has."""
        return float(y.numel() / (1 if axis is None else max(y.shape[axis], 1)))


class MaskedReductions(Reductions):
    """The same over the steps of sequences that a mask lets count.

    Args:
        plain: How tensors are prepared.
        mask: Of the shape (batch, time).
    """

    def __init__(self, plain: Reductions, mask: Tensor) -> None:
        self._plain = plain
        self._mask = ops.cast(mask, "bool")

    def prepared(self, tensor: Tensor) -> Tensor:
        """Return a tensor in which sums of many elements are exact enough."""
        return self._plain.prepared(tensor)

    def moments(self, y: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Return mean and variance in float32."""
        mean = self._mean(y, axes, keepdims=True)
        variance = self._mean(ops.square(y - mean), axes)
        return self._float32(ops.reshape(mean, ops.shape(variance))), variance

    def share(self, name: str, x: Tensor, point: Any, axes: tuple[int, ...]) -> Tensor:
        """Return how many elements compare so with a point, as a share."""
        found = getattr(ops, name)(x, ops.cast(point, x.dtype))
        return self._mean(ops.cast(found, "float32"), axes)

    def count(self, y: Tensor, axis: int | None) -> Tensor:
        """Return how many elements a unit has."""
        sizes = ops.shape(y)
        each = 1
        for i in range(2, len(y.shape)):
            each = each * (1 if i == axis else sizes[i])
        return self._float32(ops.sum(ops.cast(self._mask, "int32")) * each)

    def _mean(self, x: Tensor, axes: tuple[int, ...], **settings: Any) -> Tensor:
        """Return the mean of what counts; 0 where nothing does."""
        shape = ops.shape(x)
        mask = ops.reshape(self._mask, (*shape[:2], *(1 for _ in shape[2:])))
        total = ops.sum(ops.where(mask, x, ops.zeros_like(x)), axes, **settings)
        (axis,) = set(range(len(shape))) - set(axes)
        return self._float32(total) / ops.maximum(self.count(x, axis), 1.0)
