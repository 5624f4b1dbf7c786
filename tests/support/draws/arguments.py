"""The arguments of a random call: tensors, numbers and shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

Array = np.ndarray
Rng = np.random.Generator

FLOATS = ("float32", "float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "bool", "int64")
DTYPES = FLOATS[:2] + INTEGERS


@dataclass
class Arguments:
    """The arguments of a call under construction; tensors are kept apart."""

    rng: Rng
    dtypes: tuple[str, ...] = DTYPES
    arrays: list[Array] = field(default_factory=list)
    known: set[int] = field(default_factory=set)

    def weight(self, shape: Any, dtype: str | None = None) -> Place:
        """Return the place of a new tensor whose sizes are known."""
        made = self.tensor(shape, dtype)
        self.known.add(made.index)
        return made

    def tensor(self, shape: Any, dtype: str | None = None) -> Place:
        """Return the place of a new tensor of small numbers."""
        dtype = dtype or str(self.rng.choice(self.dtypes))
        if keras.backend.is_float_dtype(dtype):
            array = self.rng.uniform(0.1, 0.9, shape).astype(dtype)
        elif dtype == "bool":
            array = self.rng.integers(0, 2, shape).astype(bool)
        else:
            array = self.rng.integers(1, 4, shape).astype(dtype)
        return self.place(array)

    def place(self, array: Any) -> Place:
        """Return the place of a given tensor."""
        self.arrays.append(np.asarray(array))
        return Place(len(self.arrays) - 1)

    def shape(self, low: int = 1, high: int = 4) -> tuple[int, ...]:
        """Draw a shape with a rank between two ends."""
        rank = int(self.rng.integers(low, high + 1))
        return tuple(int(n) for n in self.rng.integers(2, 6, rank))

    def operand(self, shape: tuple[int, ...]) -> Any:
        """Draw a tensor that broadcasts against a shape, or a number."""
        if self.rng.random() < 0.35:
            return [2, 1.5, True, 3][self.rng.integers(4)]
        kept = shape[int(self.rng.integers(len(shape) + 1)) :]
        return self.tensor(tuple(1 if self.rng.random() < 0.3 else n for n in kept))

    def one_of(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def axis(self, shape: tuple[int, ...]) -> int:
        return int(self.rng.integers(-len(shape), len(shape)))


@dataclass(frozen=True)
class Place:
    index: int
