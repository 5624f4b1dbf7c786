"""The inputs on which the values and gradients of a case are checked."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from support import floats
from support.case import Case, Elementwise
from support.reference import numbers

BLOCK = 768
"""Sweeps have a multiple of this many elements, so that few shapes are compiled. It
divides by the size of the sample in each case with weights of its own shape."""


@dataclass(frozen=True)
class Sweep:
    """Inputs and weights of one case in one dtype."""

    case: Elementwise
    dtype: str
    x: np.ndarray
    weights: Mapping[str, np.ndarray]

    @property
    def is_finite(self) -> np.ndarray:
        """Which of the inputs are finite numbers."""
        return np.isfinite(self.x.astype("float64"))

    def function(self, x: Any, *weights: Any) -> Any:
        """Call the activation's function, by default with the sweep's weights."""
        return call(self.case, self.dtype, x, weights or tuple(self.weights.values()))


def call(case: Case, dtype: str, x: Any, weights: tuple[Any, ...]) -> Any:
    """Call the function of a case with weights in the order of its layer's."""
    given = case.kwargs if case.function_kwargs is None else case.function_kwargs
    own = {k: v for k, v in given.items() if k in numbers(case, dtype)}
    learned = {
        name: ops.convert_to_tensor(w, dtype=dtype)
        for name, w in zip(learned_names(case), weights, strict=True)
    }
    return case.row.function(ops.convert_to_tensor(x, dtype=dtype), **own, **learned)


@functools.cache
def learned_names(case: Case) -> tuple[str, ...]:
    """Return the names of the layer's weights that its function takes."""
    return tuple(getattr(case.make(), "learned", {}))


def weights_of(case: Case, dtype: str) -> dict[str, np.ndarray]:
    """Return the weights of a case for one sample, rounded to a dtype."""
    if not learned_names(case):
        return {}
    learned = case.make_built(dtype=dtype).learned
    return {name: ops.convert_to_numpy(w) for name, w in learned.items()}


def edges(case: Elementwise, dtype: str) -> np.ndarray:
    """Return kinks and marks with what lies next, and what every range has."""
    points = [0.0, -0.0, math.inf, -math.inf, math.nan]
    for x in filter(None, (*case.kinks, *case.marks)):
        points += floats.neighbours(x, dtype)
    tiny, largest = floats.tiny(dtype), floats.largest(dtype)
    for size in (tiny / 2, tiny, 2 * tiny, 1.0, largest / 2, largest):
        points += [size, -size]
    return floats.rounded(points, dtype)


@functools.cache
def sweep(case: Elementwise, dtype: str) -> Sweep:
    """Return all binades and edges; with each weight, where those are several."""
    weights = weights_of(case, dtype)
    wide, special = floats.binades(dtype), edges(case, dtype)
    if all(np.unique(w).size == 1 for w in weights.values()):
        flat = np.concatenate([wide, special])
        scalars = {name: w.flat[0] for name, w in weights.items()}
        return Sweep(case, dtype, np.resize(flat, _padded(flat.size)), scalars)
    sample = case.shape[1:]
    flat = np.concatenate([wide, np.repeat(special, np.prod(sample))])
    x = np.resize(flat, _padded(flat.size)).reshape(-1, *sample)
    return Sweep(case, dtype, x, weights)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
