"""Resizing of images in ONNX: every interpolation, any proportions, any scale.

Where Keras's backends differ the file gives one answer, and the row's reference says in
NumPy what that is, on the backends that give another.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from support import export_check, operations
from support.differences import on
from support.images import (
    EVERYWHERE,
    FIRST,
    KERNELS,
    LAST,
    UNKNOWN,
    Array,
    resized,
)
from support.operations import Operation, one


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
    operations.check_operation(case)


def enlarged(x: Array, how: str) -> Array:
    return resized(x, (2 * x.shape[1], 3 * x.shape[2]), how)


@pytest.mark.parametrize(
    ("how", "dtype", "differs"),
    [
        ("lanczos3", "float32", "torch"),
        ("bicubic", "float32", "torch tensorflow"),
        ("bilinear", "float64", EVERYWHERE),
    ],
)
@pytest.mark.parametrize("shape", [(4, 3, 2), (None, 3, 2)])
def test_upsampling(shape: Any, how: str, dtype: str, differs: str) -> None:
    x = keras.Input(shape, dtype=dtype)
    layer = keras.layers.UpSampling2D((2, 3), interpolation=how, dtype=dtype, **LAST)
    reference = on(differs, lambda x: enlarged(x, how))
    export_check.check_model(keras.Model(x, layer(x)), reference, batch_named=False)


SCALE, SHIFT = np.asarray([0.7, 1.6], "float32"), np.asarray([1.2, -2.3], "float32")


def translated(x: Array, scale: Array, shift: Array) -> Array:
    """Integers by Lanczos's kernel of radius 3, at a new scale and place."""
    y = x.astype("float64")
    for axis, new, by, start in zip((1, 2), (5, 9), scale, shift, strict=True):
        places = (np.arange(new)[:, None] + 0.5 - start) / by - 0.5
        apart = np.abs(places - np.arange(x.shape[axis])) * min(by, 1.0)
        shares = KERNELS["lanczos3"](apart)
        shares /= shares.sum(1, keepdims=True)
        inside = (places >= -0.5) & (places <= x.shape[axis] - 0.5)
        shares = np.where(inside, shares, 0.0)
        y = np.moveaxis(np.tensordot(y, shares, ([axis], [1])), -1, axis)
    return np.clip(np.rint(y), x.min(), x.max()).astype(x.dtype)


COUNTED = "the constants are named by counts, and JAX makes one less"


def translating(
    method: str,
    shape: Any,
    dtypes: Any = ("float32",),
    antialias: bool = True,
    **row: Any,
) -> Operation:
    """A scale and shift that are inputs of the batch's size, which is one of the axes.

    The shift moves a part out of the image.
    """
    return one(
        f"scale_and_translate {method} {shape} {antialias}",
        lambda x, scale, shift: ops.image.scale_and_translate(
            x,
            (x.shape[0], 5, 9, 2),
            ops.add(ops.multiply(scale[0], 0.1), SCALE),
            ops.add(shift[0], SHIFT),
            (1, -2),
            method,
            antialias,
        ),
        files_differ=COUNTED,
        shapes=(shape, (2,), (2,)),
        dtypes=(*dtypes, "float32", "float32"),
        **{"in_layer": True, **row},
    )


TRANSLATING = [
    translating("linear", (6, 7, 2)),
    translating("cubic", (None, 7, 2), antialias=False),
    # TensorFlow mixes the dtypes when it clips integers, and refuses; JAX needs to know
    # the batch.
    translating(
        "lanczos3",
        (6, 7, 2),
        dtypes=("int32",),
        in_layer=False,
        reference=on(
            "tensorflow jax",
            lambda x, scale, shift: translated(
                x, scale[0] * 0.1 + SCALE, shift[0] + SHIFT
            ),
        ),
    ),
    one(
        "scale_and_translate by numbers",
        lambda x: ops.image.scale_and_translate(
            x, (x.shape[0], 5, 9, 2), SCALE, SHIFT, (1, 2), "lanczos5"
        ),
        shapes=((6, 7, 2),),
        in_layer=True,
        files_differ=COUNTED,
    ),
]


@export_check.each(*TRANSLATING)
def test_scale_and_translate(case: Operation) -> None:
    operations.check_operation(case)


def test_a_fill_that_no_backend_has_is_refused() -> None:
    x = keras.Input((5, 6, 2))
    y = ops.image.resize(x, (3, 3), pad_to_aspect_ratio=True, fill_mode="edge", **LAST)
    with pytest.raises(UnsupportedOperationError, match="fill_mode"):
        to_onnx(keras.Model(x, y), engine="native")
