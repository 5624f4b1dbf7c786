"""Resizing of images in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray

LAST, FIRST = {"data_format": "channels_last"}, {"data_format": "channels_first"}


EVERYWHERE = "jax tensorflow torch"
UNKNOWN = (None, None, 2)


def cubic(x: Array) -> Array:
    """Keys's convolution, a = -1/2."""
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


KERNELS: dict[str, Callable[[Array], Array]] = {
    "bilinear": lambda x: np.maximum(1 - x, 0),
    "bicubic": cubic,
    "lanczos3": lambda x: np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0),
    "lanczos5": lambda x: np.where(x < 5, np.sinc(x) * np.sinc(x / 5), 0),
}


def weights(old: int, new: int, how: str, antialias: bool) -> Array:
    """The share of each old pixel, by column, in each new one, by row."""
    step, places = old / new, np.arange(old)
    if how == "area":
        edges = np.arange(new + 1)[:, None] * step
        shares = np.minimum(places + 1, edges[1:]) - np.maximum(places, edges[:-1])
        return np.maximum(shares, 0) / step
    width = max(step, 1.0) if antialias else 1.0
    centers = (np.arange(new)[:, None] + 0.5) * step - 0.5
    shares = KERNELS[how](np.abs(centers - places) / width)
    return shares / shares.sum(1, keepdims=True)


def resized(x: Array, size: Sequence[int], how: str, antialias: bool = False) -> Array:
    """Images with the channels last at a new size; integers rounded and saturated."""
    rows, columns = (
        weights(old, new, how, antialias)
        for old, new in zip(x.shape[1:3], size, strict=True)
    )
    y = np.einsum("hi,wj,bijc->bhwc", rows, columns, x.astype("float64"))
    if x.dtype.kind == "f":
        return y.astype(x.dtype)
    limits = np.iinfo(x.dtype)
    return np.clip(np.rint(y), limits.min, limits.max).astype(x.dtype)
