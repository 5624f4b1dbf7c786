"""Layers as users write them: Python code that reads sizes, slices and loops."""

from __future__ import annotations

import inspect
import math
import sys
from typing import Any

import keras
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


class Probing(layers.Layer):
    """Asks what its input is, as code for several kinds of it does."""

    def call(self, x: Any) -> Any:
        assert ops.is_tensor(x), f"no tensor of sizes {x.shape}"
        assert keras.utils.is_keras_tensor(x) or len(x.shape) == ops.ndim(x)
        kind = keras.backend.standardize_dtype(x.dtype)
        if kind in ("float16", "bfloat16"):
            return ops.cast(x, "float32") * 2
        if ops.shape(x)[-1] is None or x.shape[-1] is None:
            return x * 3
        return x / x.shape[-1] if keras.backend.is_float_dtype(kind) else x + 1


class Weighted(layers.Layer):
    """Takes one of two functions by the numbers, a loop as long as an axis inside."""

    def call(self, x: Any) -> Any:
        total = ops.mean(ops.cast(x, "float32"))
        scaled = ops.fori_loop(0, ops.shape(x)[1], lambda i, v: v * 0.5 + i, total)
        return ops.cond(total > 0.3, lambda: x + ops.cast(scaled, x.dtype), lambda: x)


class Running(layers.Layer):
    """Carries a state over the steps of a sequence."""

    def call(self, x: Any) -> Any:
        def step(carry: Any, one: Any) -> tuple[Any, Any]:
            carry = carry * 0.5 + one
            return carry, ops.tanh(carry)

        steps = ops.swapaxes(x, 0, 1)
        return ops.swapaxes(ops.scan(step, ops.zeros_like(x[:, 0]), steps)[1], 0, 1)


class Interpolated(layers.Layer):
    """Resizes learned positions to the sizes of images."""

    def build(self, shape: Any) -> None:
        self.grid = self.add_weight(shape=(1, 3, 3, shape[-1]), name="grid")

    def call(self, x: Any) -> Any:
        sizes = ops.shape(x)[1:3]
        return x + ops.image.resize(self.grid, sizes, data_format="channels_last")


class Windows(layers.Layer):
    """Pads images to windows of 2 x 2 and takes them apart."""

    def call(self, x: Any) -> Any:
        batch, height, width, channels = ops.shape(x)
        down, right = -height % 2, -width % 2
        x = ops.pad(x, [[0, 0], [0, down], [0, right], [0, 0]])
        rows, columns = (height + down) // 2, (width + right) // 2
        x = ops.reshape(x, (batch, rows, 2, columns, 2, channels))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, channels))


class Experts(layers.Layer):
    """Sends each sample to the two best of its experts."""

    def build(self, shape: Any) -> None:
        self.gate = self.add_weight(shape=(shape[-1], 4), name="gate")
        self.experts = self.add_weight(shape=(4, shape[-1], 3), name="experts")

    def call(self, x: Any) -> Any:
        x = ops.cast(x, self.gate.dtype)
        scores, chosen = ops.top_k(ops.matmul(x, self.gate), 2)
        shares = ops.softmax(scores)[..., None] * ops.one_hot(chosen, 4)
        mixed = ops.einsum("bi,eij->bej", x, self.experts)
        return ops.einsum("bke,bej->bj", shares, mixed)


class Summed(layers.Layer):
    """Sums the rows of a graph into its nodes."""

    def call(self, x: Any) -> Any:
        rows = ops.reshape(x, (-1, x.shape[-1]))
        nodes = ops.arange(ops.shape(rows)[0]) % 3
        return ops.segment_sum(rows, nodes, num_segments=3)


class Attending(layers.Layer):
    """Attends over heads that it takes from the channels."""

    def call(self, x: Any) -> Any:
        heads = ops.reshape(x, (*ops.shape(x)[:-1], 1, x.shape[-1]))
        return ops.dot_product_attention(heads, heads, heads)[:, :, 0]


class DrawnAnew(layers.Layer):
    """Draws other numbers in each call."""

    def __init__(self, kind: str, seed: Any = None) -> None:
        super().__init__()
        self.kind, self.seed = kind, keras.random.SeedGenerator(seed)

    def call(self, x: Any) -> Any:
        return _DRAWS[self.kind](x, ops.shape(x), self.seed)


class DrawnAlike(DrawnAnew):
    """Draws the same numbers in each call."""

    def __init__(self, kind: str, seed: int) -> None:
        super().__init__(kind)
        self.seed = seed


class DrawnOnce(DrawnAlike):
    """Scales by some that are always the same."""

    def call(self, x: Any) -> Any:
        sample = np.linspace(0.1, 0.9, 6, dtype="float32").reshape(2, 3)
        drawn = _DRAWS[self.kind](sample, (2, 3), self.seed)
        return ops.cast(x, "float32") * ops.mean(ops.cast(drawn, "float32"))


_DRAWS = {
    "normal": lambda x, shape, seed: keras.random.normal(shape, 1.0, 2.0, seed=seed),
    "uniform": lambda x, shape, seed: keras.random.uniform(shape, -1, 2, seed=seed),
    "truncated_normal": lambda x, shape, seed: keras.random.truncated_normal(
        shape, stddev=0.5, seed=seed
    ),
    "randint": lambda x, shape, seed: keras.random.randint(shape, 1, 5, seed=seed),
    "categorical": lambda x, shape, seed: keras.random.categorical(
        ops.reshape(x, (-1, shape[-1])), 3, seed=seed
    ),
    "shuffle": lambda x, shape, seed: keras.random.shuffle(x, seed=seed),
    "dropout": lambda x, shape, seed: keras.random.dropout(x, 0.4, seed=seed),
}
"""How numbers are drawn, of a tensor, its sizes and a seed."""

KINDS = tuple(_DRAWS)


def names() -> dict[str, type]:
    """Return the layers of this module by name."""
    own = vars(sys.modules[__name__])
    return {
        k: v for k, v in own.items() if inspect.isclass(v) and v.__module__ == __name__
    }
