"""What a step can take: variables that are there, new inputs, constants, numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from fuzzing.program import BATCH, Port
from support.draws.arguments import DTYPES, Arguments, Place

MOST_INPUTS = 4


class NoFitError(Exception):
    """No variable fits a word."""


@dataclass(frozen=True)
class Known:
    """A variable: its sizes in the sample, and its dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Raw(str):
    """Python code among arguments."""

    def __repr__(self) -> str:
        return str(self)


class Pool(Arguments):
    """The arguments of one step: `support.draws` asks it for tensors of its shapes.

    It gives a variable of the shape if there is one, otherwise it makes an input.

    Attributes:
        variables: What the steps before left, the latest last.
        inputs: The inputs so far, with those that this step adds.
        code: Whether the steps run as written, and not on symbolic tensors of Keras.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        variables: list[Known],
        inputs: list[Port],
        *,
        code: bool,
    ) -> None:
        narrow = keras.backend.backend() == "jax"  # which reads int64 as int32
        dtypes = ("bfloat16", *DTYPES)
        super().__init__(rng, dtypes[:-1] if narrow else dtypes)
        self.variables, self.inputs, self.code = variables, list(inputs), code
        self.texts: list[str] = []
        self.known_sizes = False

    def shape(self, low: int = 1, high: int = 4) -> tuple[int, ...]:
        """Return the shape of a variable, or a new one."""
        fits = [x.shape for x in self.variables if low <= len(x.shape) <= high]
        if fits and self.rng.random() < 0.9:
            return self._late(fits)
        if low > 0 and self.rng.random() < 0.8:
            rank = int(self.rng.integers(low, high + 1))
            return (BATCH, *(int(n) for n in self.rng.integers(2, 6, rank - 1)))
        return super().shape(low, high)

    def like(
        self, rank: int, fresh: Callable[[], tuple[int, ...]] | None = None
    ) -> tuple[int, ...]:
        """Return the shape of a variable of a rank, or a new one as given."""
        fits = [x.shape for x in self.variables if len(x.shape) == rank]
        if fits and self.rng.random() < 0.9:
            return self._late(fits)
        if fresh is not None:
            return fresh()
        return (BATCH, *(int(n) for n in self.rng.integers(2, 6, rank - 1)))

    def _late(self, choices: list[Any]) -> Any:
        if self.rng.random() < 0.6:
            return choices[-1]
        return self.one_of(*choices)

    def tensor(self, shape: Any, dtype: str | None = None) -> Place:
        """Return a variable of a shape and dtype, or a new input."""
        shape = tuple(int(n) for n in shape)
        fits = [x for x in self.variables if x.shape == shape]
        if dtype is not None:
            fits = [x for x in fits if x.dtype == dtype or _floats(x.dtype, dtype)]
        if fits and self.rng.random() < 0.9:
            found: Known = self._late(fits)
            text = found.name
            if dtype not in (None, found.dtype):
                text = f'ops.cast({text}, "{dtype}")'
            return self._placed(text, shape, dtype or found.dtype)
        if dtype is None:
            dtype = "float32" if self.rng.random() < 0.5 else self.one_of(*self.dtypes)
        return self._placed(self._input(shape, dtype), shape, dtype)

    def real(self, shape: Any) -> Place:
        """Return a variable of real numbers, seldom of others."""
        shape = tuple(int(n) for n in shape)
        if self.rng.random() < 0.1:
            return self.tensor(shape)
        fits = [x for x in self.variables if x.shape == shape and "float" in x.dtype]
        if fits:
            found: Known = self._late(fits)
            return self._placed(found.name, shape, found.dtype)
        return self.tensor(shape, "float32")

    def operand(self, shape: tuple[int, ...]) -> Any:
        """Return a variable of the shape, one that broadcasts, or a number."""
        if self.rng.random() < 0.4 and any(x.shape == shape for x in self.variables):
            return self.tensor(shape)
        return super().operand(shape)

    def weight(self, shape: Any, dtype: str | None = None) -> Place:
        """Return a constant."""
        shape = tuple(int(n) for n in shape)
        dtype = dtype or self.one_of(*self.dtypes)
        text = f"const({int(self.rng.integers(1000))}, {shape}, {dtype!r})"
        return self._placed(text, shape, dtype)

    def place(self, array: Any) -> Place:
        """Return a given array, as a constant."""
        array = np.asarray(array)
        text = f"np.array({array.tolist()}, {str(array.dtype)!r})"
        return self._placed(text, array.shape, str(array.dtype))

    def _placed(self, text: str, shape: tuple[int, ...], dtype: str) -> Place:
        self.arrays.append(np.zeros(shape, "float32"))
        self.texts.append(text)
        return Place(len(self.texts) - 1)

    def _input(self, shape: tuple[int, ...], dtype: str) -> str:
        if len(self.inputs) == MOST_INPUTS:
            raise NoFitError
        some = self.rng.random() < 0.6
        # Keras takes the first size of each input for the same one, the batch.
        unknown = {0} if shape and shape[0] == BATCH else set()
        if some:
            unknown |= {i for i in range(1, len(shape)) if self.rng.random() < 0.4}
        if self.known_sizes or (self.code and self.rng.random() < 0.15):
            unknown = set()
        last = int(self.inputs[-1].name[1:]) if self.inputs else -1
        name = f"x{last + 1}"
        positive = bool(self.rng.random() < 0.5)
        self.inputs.append(Port(name, shape, dtype, frozenset(unknown), positive))
        return name

    def render(self, x: Any) -> str:
        """Return the Python code of an argument."""
        if isinstance(x, Place):
            return self.texts[x.index]
        if isinstance(x, list):
            return f"[{', '.join(map(self.render, x))}]"
        if isinstance(x, tuple):
            return f"({''.join(f'{self.render(one)}, ' for one in x).strip()})"
        if isinstance(x, np.generic):
            return repr(x.item())
        return "..." if x is ... else repr(x)

    def call(self, function: str, args: Any, kwargs: Any) -> str:
        """Return the Python code of a call."""
        parts = [*map(self.render, args)]
        parts += [f"{k}={self.render(v)}" for k, v in kwargs.items()]
        return f"{function}({', '.join(parts)})"


def _floats(*dtypes: str) -> bool:
    return all("float" in x for x in dtypes)
