"""Layers as users write them: Python code that reads sizes, slices and loops."""

from __future__ import annotations

import inspect
import math
import sys
from typing import Any

import numpy as np
from keras import layers, ops


class PadToMultiple(layers.Layer):
    """Pads an axis to a multiple: `if` on a size."""

    def call(self, x: Any) -> Any:
        rest = ops.shape(x)[1] % 4
        if rest:
            x = ops.pad(x, [[0, 0], [0, 4 - rest]] + [[0, 0]] * (len(x.shape) - 2))
        return x


class LongOrShort(layers.Layer):
    """Computes one thing of long inputs and another of short ones."""

    def call(self, x: Any) -> Any:
        if ops.shape(x)[1] > 4:
            return x[:, :4] * 0.5
        return x + 1


class Positions(layers.Layer):
    """Adds learned positions: a weight sliced by a size."""

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=(32, shape[-1]), name="table")

    def call(self, x: Any) -> Any:
        return x + self.table[: ops.shape(x)[1]]


class Sinusoids(layers.Layer):
    """Adds positions that NumPy computed."""

    def build(self, shape: Any) -> None:
        angles = np.arange(32)[:, None] / 10 ** np.arange(shape[-1])
        self.positions = np.sin(angles).astype("float32")

    def call(self, x: Any) -> Any:
        return x + self.positions[: ops.shape(x)[1]]


class Counted(layers.Layer):
    """Scales by positions that `arange` counts, and divides by a size."""

    def call(self, x: Any) -> Any:
        n = ops.shape(x)[1]
        steps = ops.arange(n, dtype="float32") / n
        return x * ops.reshape(steps, (1, -1) + (1,) * (len(x.shape) - 2))


class Halves(layers.Layer):
    """Swaps the halves of an axis: `//` of a size."""

    def call(self, x: Any) -> Any:
        half = ops.shape(x)[1] // 2
        return ops.concatenate([x[:, half:], x[:, :half]], axis=1)


class Shifted(layers.Layer):
    """Moves a sequence by a step, as a decoder's input."""

    def call(self, x: Any) -> Any:
        return ops.concatenate([ops.zeros_like(x[:, :1]), x[:, :-1]], axis=1)


class Tokens(layers.Layer):
    """Flattens all but the batch and the channels, by a product of sizes."""

    def call(self, x: Any) -> Any:
        shape = ops.shape(x)
        return ops.reshape(x, (shape[0], math.prod(shape[1:-1]), x.shape[-1]))


class Unflattened(layers.Layer):
    """Splits the channels into heads and joins them again."""

    def call(self, x: Any) -> Any:
        batch, n, channels = ops.shape(x)
        heads = ops.reshape(x, (batch, n, 1, channels))
        return ops.reshape(ops.transpose(heads, (0, 2, 1, 3)), (-1, n, channels))


class Causal(layers.Layer):
    """Scores each step against those before it, with a mask by `arange`."""

    def call(self, x: Any) -> Any:
        n = ops.shape(x)[1]
        scores = ops.matmul(x, ops.swapaxes(x, 1, 2))
        mask = ops.arange(n)[:, None] >= ops.arange(n)[None, :]
        return ops.softmax(ops.where(mask, scores, -1e9))


class Reversed(layers.Layer):
    """Reverses an axis by a descending range."""

    def call(self, x: Any) -> Any:
        return ops.take(x, ops.arange(ops.shape(x)[1] - 1, -1, -1), axis=1)


class ClassToken(layers.Layer):
    """Puts a learned token in front, repeated by the batch size."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x: Any) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, ops.cast(x, token.dtype)], axis=1)


class Doubled(layers.Layer):
    """Enlarges images to sizes that it computes."""

    def call(self, x: Any) -> Any:
        height, width = ops.shape(x)[1:3]
        size = (height * 2, width * 2)
        return ops.image.resize(x, size, data_format="channels_last")


def names() -> dict[str, type]:
    """Return the layers of this module by name."""
    own = vars(sys.modules[__name__])
    return {
        k: v for k, v in own.items() if inspect.isclass(v) and v.__module__ == __name__
    }
