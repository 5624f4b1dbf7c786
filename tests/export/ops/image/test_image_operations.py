"""`keras.ops.image` in ONNX: filters, colors, patches, borders.

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
from support.images import FIRST, LAST, UNKNOWN, Array
from support.operations import Operation, one


def blurred(x: Array, size: tuple[int, int], sigma: tuple[float, float]) -> Array:
    """Images under two windows, the second number of each being the rows'."""
    for axis, count, width in ((2, size[0], sigma[0]), (1, size[1], sigma[1])):
        window = np.exp(-0.5 * ((np.arange(count) - (count - 1) / 2) / width) ** 2)
        borders = [(0, 0)] * 4
        borders[axis] = ((count - 1) // 2, count // 2)
        wide = np.pad(x.astype("float64"), borders)
        length = x.shape[axis]
        shifted = [wide.take(range(i, i + length), axis) for i in range(count)]
        x = np.tensordot(window / window.sum(), shifted, 1).astype("float32")
    return x


def sobel(x: Array) -> Array:
    """Sobel's differences of images with the channels last, zeros outside."""
    wide = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    down = wide[:, 2:] - wide[:, :-2]
    across = wide[:, :, 2:] - wide[:, :, :-2]
    rows = down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]
    columns = across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]
    return np.stack([rows, columns], -1)


def blurring(
    size: tuple[int, int], shape: Any, differs: str = "", **arguments: Any
) -> Operation:
    sigma = (0.7, 1.3)
    return one(
        f"gaussian_blur {size} {shape}",
        lambda x: ops.image.gaussian_blur(x, size, sigma, **(LAST | arguments)),
        shapes=(shape,),
        reference=on(differs, lambda x: blurred(x, size, sigma)),
    )


IMAGES = {"shapes": ((5, 6, 3),), "low": 0.0, "high": 1.0}
FILTERS = [
    blurring((3, 3), (5, 6, 2)),
    blurring((5, 5), (2, 7, None), **FIRST),
    # torch pads all sides alike; it and TensorFlow shuffle a window that is no square.
    blurring((4, 4), UNKNOWN, "torch"),
    blurring((3, 5), (6, 7, 2), "torch tensorflow"),
    # TensorFlow reflects the image at its edges.
    one(
        "sobel_edges",
        lambda x: ops.image.sobel_edges(x, **LAST),
        shapes=((5, None, 2),),
        reference=on("tensorflow", sobel),
    ),
    one(
        "sobel_edges channels first",
        lambda x: ops.image.sobel_edges(x, **FIRST),
        shapes=((2, 5, 6),),
        reference=on(
            "tensorflow", lambda x: np.moveaxis(sobel(np.moveaxis(x, 1, -1)), -2, 1)
        ),
    ),
    one(
        "ssim",
        lambda x, y: ops.image.ssim(x, y, filter_size=5, **LAST),
        shapes=((9, 8, 2), (9, 8, 2)),
        low=0.0,
        high=1.0,
    ),
    one(
        "ssim channels first",
        lambda x, y: ops.image.ssim(x, y, 2.0, 3, 0.8, **FIRST),
        shapes=((2, None, 8), (2, None, 8)),
        low=0.0,
        high=1.0,
        in_layer=True,
    ),
]
COLORS = [
    one("rgb_to_grayscale", lambda x: ops.image.rgb_to_grayscale(x, **LAST), **IMAGES),
    one(
        "rgb_to_grayscale channels first",
        lambda x: ops.image.rgb_to_grayscale(x, **FIRST),
        shapes=((3, 5, 6),),
        dtypes=("int32",),
    ),
    one("rgb_to_hsv", lambda x: ops.image.rgb_to_hsv(x, **LAST), **IMAGES),
    one(
        "rgb_to_hsv channels first",
        lambda x: ops.image.rgb_to_hsv(x, **FIRST),
        **{**IMAGES, "shapes": ((3, None, 6),)},
    ),
    one("hsv_to_rgb", lambda x: ops.image.hsv_to_rgb(x, **LAST), **IMAGES),
    one(
        "hsv_to_rgb channels first",
        lambda x: ops.image.hsv_to_rgb(x, **FIRST),
        **{**IMAGES, "shapes": ((3, 5, 6),)},
    ),
]


@export_check.each(*FILTERS, *COLORS)
def test_filters_and_colors(case: Operation) -> None:
    operations.check_operation(case)


def patching(shape: Any, size: Any, **arguments: Any) -> Operation:
    shown = "-".join(f"{k}={v}" for k, v in arguments.items())
    volume = arguments.pop("volume", False)
    name = "extract_patches_3d" if volume else "extract_patches"
    row = {"dtypes": arguments.pop("dtypes")} if "dtypes" in arguments else {}
    return one(
        f"{name} {size} {shape} {shown}",
        lambda x: getattr(ops.image, name)(x, size, **(LAST | arguments)),
        shapes=(shape,),
        **row,
    )


def cut(name: str, shape: Any, *numbers: int | None, **more: Any) -> Operation:
    return one(
        f"{name} {shape} {numbers}",
        lambda x: getattr(ops.image, name)(x, *numbers, **(LAST | more)),
        shapes=(shape,),
    )


PATCHES = [
    patching((6, 9, 2), (2, 3)),
    patching((7, 8, 2), 3, strides=(2, 1), padding="same"),
    patching((None, None, 2), 3, strides=2, padding="same"),
    patching((7, 8, 2), 2, strides=1, dilation_rate=2),
    patching((6, 8, 2), 2, volume=True),
    patching((5, 6, 4, 2), (2, 3, 1), strides=2, padding="same", volume=True),
    cut("pad_images", (4, 5, 2), 1, None, 2, 0, None, 9),
    cut("pad_images", (None, None, 2), 1, 2, None, None, 14, 15),
    cut("pad_images", (2, 4, 5), None, 2, 1, 3, 8, None, **FIRST),
    cut("crop_images", (6, 7, 2), 1, None, 2, 1, None, 3),
    cut("crop_images", (None, None, 2), None, 2, 1, None, 4, 5),
]


@export_check.each(*PATCHES)
def test_parts(case: Operation) -> None:
    operations.check_operation(case)


def test_the_blur_of_integers_is_refused() -> None:
    x = keras.Input((5, 6, 2), dtype="uint8")
    model = keras.Model(x, ops.image.gaussian_blur(x, **LAST))
    with pytest.raises(UnsupportedOperationError, match="float images"):
        to_onnx(model, engine="native")
