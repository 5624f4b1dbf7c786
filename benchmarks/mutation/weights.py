"""Damage to weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx

from benchmarks.mutation.kinds import KINDS, Rng, change_weight


def _large(array: np.ndarray) -> bool:
    return array.size > 3


def _element(rng: Rng, change: Callable[[float], float]) -> Callable[..., np.ndarray]:
    def changed(array: np.ndarray) -> np.ndarray:
        i = rng.integers(array.size)
        array.flat[i] = change(array.flat[i])
        return array

    return changed


def _weight_kinds() -> Iterator[tuple[str, Any, Callable[[Rng], Any]]]:
    """Yield kinds that change one weight: name, which fit, and how."""
    matrix = lambda a: a.ndim >= 2 and a.shape[0] > 1  # noqa: E731
    square = lambda a: a.ndim == 2 and a.shape[0] == a.shape[1] > 1  # noqa: E731
    kernel = lambda a: a.ndim >= 3 and a.shape[-1] > 1  # noqa: E731
    spatial = lambda a: a.ndim == 4 and a.shape[2] == a.shape[3] > 1  # noqa: E731
    vector = lambda a: a.ndim == 1 and a.size > 1  # noqa: E731

    def channel(rng: Rng, factor: float) -> Callable[..., np.ndarray]:
        def changed(array: np.ndarray) -> np.ndarray:
            array[rng.integers(array.shape[0])] *= factor
            return array

        return changed

    def swapped(rng: Rng) -> Callable[..., np.ndarray]:
        def changed(array: np.ndarray) -> np.ndarray:
            i, j = rng.choice(array.shape[0], 2, replace=False)
            array[[i, j]] = array[[j, i]]
            return array

        return changed

    yield "one weight × 1.1", _large, lambda rng: _element(rng, lambda x: x * 1.1)
    yield "one weight + 1e-3", _large, lambda rng: _element(rng, lambda x: x + 1e-3)
    yield "one weight negated", _large, lambda rng: _element(rng, lambda x: -x)
    yield "one weight dropped", _large, lambda rng: _element(rng, lambda x: 0 * x)
    yield "one channel × 1.1", matrix, lambda rng: channel(rng, 1.1)
    yield "one channel dropped", matrix, lambda rng: channel(rng, 0.0)
    yield "two channels swapped", matrix, swapped
    yield "a tensor × (1 + 1e-3)", _large, lambda _: lambda a: a * (1 + 1e-3)
    yield (
        "a tensor rounded to float16",
        _large,
        lambda _: lambda a: a.astype(np.float16),
    )
    yield "a tensor in int8", _large, _int8
    yield "a kernel flipped", kernel, lambda _: lambda a: a[..., ::-1]
    yield "a kernel transposed", spatial, lambda _: lambda a: a.swapaxes(2, 3)
    yield "a matrix transposed", square, lambda _: lambda a: a.T
    yield "a bias dropped", vector, lambda _: lambda a: 0 * a
    yield "a bias shifted by one", vector, lambda _: lambda a: np.roll(a, 1)
    yield "a constant × 1.01", lambda a: a.size == 1, lambda _: lambda a: a * 1.01


def _int8(_: Rng) -> Callable[[np.ndarray], np.ndarray]:
    def changed(array: np.ndarray) -> np.ndarray:
        step = np.abs(array).max() / 127 or 1.0
        return np.round(array / step) * step

    return changed


def _register_weight_kinds() -> None:
    for name, fits, how in _weight_kinds():

        def damage(
            proto: onnx.ModelProto, rng: Rng, fits: Any = fits, how: Any = how
        ) -> str | None:
            return change_weight(proto, rng, fits, how(rng))

        KINDS[name] = damage


_register_weight_kinds()
