"""The four float dtypes: their limits, grids over all their binades, distances."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import ml_dtypes
import numpy as np

DTYPES = ("float16", "bfloat16", "float32", "float64")


def numpy_dtype(dtype: str) -> np.dtype:
    """Return NumPy's type of a Keras dtype name."""
    return np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)


@functools.cache
def limits(dtype: str) -> ml_dtypes.finfo:
    """Return largest, smallest normal, epsilon, exponents of a dtype."""
    return ml_dtypes.finfo(numpy_dtype(dtype))


def largest(dtype: str) -> float:
    """Return the largest finite number."""
    return float(limits(dtype).max)


def tiny(dtype: str) -> float:
    """Return the smallest normal number."""
    return float(limits(dtype).smallest_normal)


def epsilon(dtype: str) -> float:
    """Return the distance from 1 to the next number."""
    return float(limits(dtype).eps)


def rounded(values: Iterable[float], dtype: str) -> np.ndarray:
    """Return numbers rounded to a dtype, as an array of it."""
    with np.errstate(over="ignore"):
        return np.asarray(values, "float64").astype(numpy_dtype(dtype))


def neighbours(x: float, dtype: str) -> list[float]:
    """Return `x` rounded to a dtype, and the numbers next to it on either side."""
    here = rounded([x], dtype)
    below, above = (np.nextafter(here, rounded([s], dtype)) for s in (-np.inf, np.inf))
    return [float(one[0]) for one in (below, here, above)]


def subnormals(dtype: str) -> np.ndarray:
    """Return some numbers of both signs below the smallest normal one."""
    least = float(limits(dtype).smallest_subnormal)
    return rounded([least, -least, tiny(dtype) / 2, -tiny(dtype) / 2], dtype)


@functools.cache
def binades(dtype: str) -> np.ndarray:
    """Return one number of random mantissa and each sign from each normal binade.

    float64 has 2046 of them: each second of moderate size, each 32nd beyond.
    """
    low, high = limits(dtype).minexp, limits(dtype).maxexp
    exponents = np.arange(low, high)
    if dtype == "float64":
        exponents = np.union1d(exponents[::32], np.arange(-64, 64, 2))
    generator = np.random.default_rng(7)
    mantissas = generator.uniform(1, 2 - 2 * epsilon(dtype), (2, len(exponents)))
    wide = np.ldexp(mantissas, exponents) * [[1], [-1]]
    dense = generator.uniform(-64, 64, 128)
    return rounded(np.concatenate([wide.ravel(), dense]), dtype)


def ulp(x: np.ndarray, dtype: str) -> np.ndarray:
    """Return the distance between neighbours of a dtype around float64 numbers."""
    _, exponent = np.frexp(np.abs(x))
    exponent = np.clip(exponent - 1, limits(dtype).minexp, limits(dtype).maxexp - 1)
    return np.ldexp(epsilon(dtype), exponent)
