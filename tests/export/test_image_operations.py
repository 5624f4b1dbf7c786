"""`keras.ops.image` in ONNX: resizing, warping, patches, filters, colors.

Where Keras's backends differ the file gives one answer, and the row's reference says in
NumPy what that is, on the backends that give another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from support import export_check, operations
from support.operations import Operation, one

Array = np.ndarray
Function = Callable[..., Any]

LAST, FIRST = {"data_format": "channels_last"}, {"data_format": "channels_first"}


def on(backends: str, reference: Function) -> Function | None:
    """A reference, on those backends alone that answer otherwise or refuse."""
    return reference if keras.backend.backend() in backends.split() else None


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


def resizing(
    size: tuple[int, int],
    how: str,
    shape: tuple[int | None, ...],
    differs: str = "",
    **arguments: Any,
) -> Operation:
    row = {k: arguments.pop(k) for k in ("dtypes", "opsets") if k in arguments}
    antialias = arguments.get("antialias", False)
    shown = "-".join(f"{k}={v}" for k, v in arguments.items())
    return one(
        f"resize {how} {shape} to {size} {shown}",
        lambda x: ops.image.resize(x, size, how, **(LAST | arguments)),
        shapes=(shape,),
        reference=on(differs, lambda x: resized(x, size, how, antialias)),
        **row,
    )


# Keras on torch has no Lanczos, and a = -3/4 in the cubic; only TensorFlow has areas.
EVERYWHERE = "jax tensorflow torch"
UNKNOWN = (None, None, 2)
RESIZING = [
    resizing((9, 5), "lanczos3", (6, 8, 2), "torch"),
    resizing((5, 4), "lanczos5", (13, 9, 2), "torch", antialias=True),
    resizing((5, 7), "lanczos3", UNKNOWN, "torch", antialias=True),
    resizing((4, 9), "area", (9, 6, 2), "torch jax"),
    resizing((4, 7), "area", UNKNOWN, "torch jax"),
    resizing((5, 4), "bilinear", (13, 9, 2), antialias=True, opsets=(None, 17)),
    resizing((5, 4), "bicubic", (13, 9, 2), antialias=True, opsets=(None, 17)),
    resizing((5, 7), "bilinear", UNKNOWN, antialias=True, opsets=(None, 17)),
    resizing((7, 5), "nearest", UNKNOWN),
    resizing((9, 5), "nearest", (3, 6, 8), **FIRST, dtypes=("int32",)),
    resizing((9, 5), "bilinear", (3, 6, 8), **FIRST),
    resizing((9, 5), "bilinear", (8, 3)),
    resizing((5, 5), "bilinear", (7, 7, 2), dtypes=("int32",)),
    resizing((9, 5), "lanczos3", (6, 8, 2), "torch", dtypes=("uint8",)),
    # TensorFlow computes all these in float32, and JAX has no float64.
    resizing((9, 5), "bilinear", (6, 8, 2), EVERYWHERE, dtypes=("float64",)),
    resizing((9, 5), "bicubic", UNKNOWN, EVERYWHERE, dtypes=("float64",)),
    *(
        resizing((5, 4), "bilinear", shape, **{f"{how}_to_aspect_ratio": True}, **more)
        for shape in ((12, 7, 2), (6, 13, 2), UNKNOWN)
        for how, more in (("crop", {}), ("pad", {"fill_value": 0.5}))
    ),
    resizing((7, 7), "nearest", (2, 5, 9), **FIRST, pad_to_aspect_ratio=True),
]


@export_check.each(*RESIZING)
def test_resizing(case: Operation) -> None:
    operations.check(case)
