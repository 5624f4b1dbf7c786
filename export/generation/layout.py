"""How the file has a model's cache: which sizes are unknown, and in which parts.

Rules, for each tensor of the cache:

1. the axis that differs between two batch sizes is the batch; there must be one;
2. the axis that differs between two numbers of tokens is the length. A tensor without
   one is a state, which the file takes and returns as it is;
3. axes between a batch that comes first and the last three are of layers, of keys and
   of values. The file has one tensor for each place along them, so that a step appends
   to each and copies nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.generation.causal_model import CausalModel, built, shapes
from keras_acts.export.generation.runtime import CacheTensor
from keras_acts.export.generation.runtime.config import BATCH, PAST

_LENGTHS = (3, 4)
_LAST_AXES = 3
_MOST_PARTS = 4096


@dataclass(frozen=True)
class Leaf:
    """A tensor of the cache.

    Attributes:
        shape: Its sizes for a batch of 1 and some length.
        dtype: Keras's name of its dtype.
        batch: The axis of the batch.
        length: The axis of the tokens, None for a state.
    """

    shape: tuple[int, ...]
    dtype: str
    batch: int
    length: int | None

    @property
    def split(self) -> tuple[int, ...]:
        """The sizes of the axes along which the file has separate tensors (rule 3)."""
        first = len(self.shape) - _LAST_AXES
        if self.length is None or self.batch != 0 or self.length < first:
            return ()
        sizes = self.shape[1:first]
        return sizes if math.prod(sizes) <= _MOST_PARTS else ()

    @property
    def part(self) -> tuple[int | str, ...]:
        """The sizes of one of its parts in the file."""
        names = {self.batch: BATCH, self.length: PAST}
        named = [names.get(axis, size) for axis, size in enumerate(self.shape)]
        return (named[0], *named[1 + len(self.split) :])

    @property
    def axis(self) -> int | None:
        """The axis of the tokens in a part."""
        return None if self.length is None else self.length - len(self.split)

    @property
    def places(self) -> Iterator[tuple[int, ...]]:
        """The place of each part along the axes that are split."""
        return itertools.product(*map(range, self.split))

    def joined(self, parts: Sequence[Any]) -> Any:
        """Return the tensor of its parts."""
        for size in reversed(self.split):
            starts = range(0, len(parts), size)
            groups = [parts[start : start + size] for start in starts]
            parts = [keras.ops.stack(group, axis=1) for group in groups]
        (whole,) = parts
        return whole

    def parted(self, whole: Any) -> list[Any]:
        """Return the parts of the tensor."""
        parts = []
        for place in self.places:
            part = whole
            for index in place:
                part = part[:, index]
            parts.append(part)
        return parts


@dataclass(frozen=True)
class Layout:
    """The tensors of a cache, and the structure that they are in."""

    structure: Any
    leaves: tuple[Leaf, ...]

    @property
    def tensors(self) -> tuple[CacheTensor, ...]:
        """The tensors in the file."""
        parts = [leaf for leaf in self.leaves for _ in leaf.places]
        return tuple(
            CacheTensor(f"past.{i}", f"present.{i}", leaf.dtype, leaf.part)
            for i, leaf in enumerate(parts)
        )

    def packed(self, leaves: Sequence[Any]) -> Any:
        """Return the cache as the model has it."""
        return keras.tree.pack_sequence_as(self.structure, list(leaves))


def layout_of(model: CausalModel) -> Layout:
    """Find out how a model's cache depends on batch and length (rules 1 and 2).

    Raises:
        UnsupportedOperationError: It depends on them in another way.
    """
    short, long = _LENGTHS
    structure = built(model, 1, short)
    first = shapes(structure)
    wider, longer = shapes(built(model, 2, short)), shapes(built(model, 1, long))
    if not len(first) == len(wider) == len(longer):
        raise _unfit(f"{len(first)}, {len(wider)} and {len(longer)} tensors")
    leaves = []
    for tensor, one, *others in zip(
        keras.tree.flatten(structure), first, wider, longer, strict=True
    ):
        batch, length = (_differing(one, other) for other in others)
        grows = [(one[axis], others[1][axis]) for axis in length]
        if len(batch) != 1 or len(length) > 1 or grows not in ([], [_LENGTHS]):
            raise _unfit(f"shapes {one}, {others[0]} and {others[1]}")
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        leaves.append(Leaf(one, dtype, batch[0], length[0] if length else None))
    if model.takes_index and all(leaf.length is None for leaf in leaves):
        raise _unfit(f"shapes {', '.join(map(str, first))}")
    empty = keras.tree.map_structure(lambda _: 0, structure)
    return Layout(empty, tuple(leaves))


def _differing(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Return the axes of different sizes; all of them for different ranks."""
    if len(one) != len(other):
        return list(range(len(one) + 1))
    return [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


def _unfit(found: str) -> UnsupportedOperationError:
    return UnsupportedOperationError(
        "Each tensor of the cache must have an axis of the batch, and one must have an "
        "axis of the tokens, as long as they are: what else a prompt holds, such as "
        "images, can't be exported. For 1, 2 and 1 rows of "
        f"{_LENGTHS[0]}, {_LENGTHS[0]} and {_LENGTHS[1]} tokens it has: "
        f"Received: {found}"
    )
