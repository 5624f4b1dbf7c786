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


MODES = {"mirror": "reflect", "nearest": "edge", "reflect": "symmetric"}
"""Keras's fill modes by NumPy's names; the others have the same."""
BORDER = 30


def warped(
    x: Array, places: Sequence[Array], order: int, mode: str, value: float = 0.0
) -> Array:
    """One image at places along its first axes, bordered by what lies outside."""
    rank = len(places)
    borders = [(BORDER, BORDER)] * rank + [(0, 0)] * (x.ndim - rank)
    outside = {"constant_values": value} if mode == "constant" else {}
    wide = np.pad(x, borders, MODES.get(mode, mode), **outside)
    y: Any = 0.0
    for corner in np.ndindex(*[order + 1] * rank):
        share: Any = 1.0
        index = []
        for place, upper in zip(places, corner, strict=True):
            lower = np.floor(place) if order else np.rint(place)
            index.append((lower + upper).astype(int) + BORDER)
            rest = place - lower
            share = share * ((rest if upper else 1 - rest) if order else 1.0)
        found = wide[tuple(index)]
        y = y + found * np.reshape(share, np.shape(share) + (1,) * (x.ndim - rank))
    return (y if x.dtype.kind == "f" else np.rint(y)).astype(x.dtype)


def grid(height: int, width: int) -> tuple[Array, Array]:
    """The places of an image's pixels: columns, then rows."""
    rows, columns = np.mgrid[:height, :width].astype("float64")
    return columns, rows


def affine(x: Array, numbers: Array, order: int, mode: str, value: float) -> Array:
    """Images with the channels last under affine maps of six numbers."""
    columns, rows = grid(*x.shape[1:3])
    return np.stack(
        [
            warped(
                image,
                [b0 * columns + b1 * rows + b2, a0 * columns + a1 * rows + a2],
                order,
                mode,
                value,
            )
            for image, (a0, a1, a2, b0, b1, b2) in zip(x, numbers, strict=True)
        ]
    )


def eight(t: Any) -> Any:
    """Affine maps close to a turn, of an input of six numbers each."""
    near = 0.3 * t + np.asarray([0.8, 0.5, -1, -0.5, 0.8, 2], "float32")
    return ops.concatenate([near, ops.zeros_like(t[:, :2])], axis=1)


def affine_case(
    interpolation: str,
    mode: str,
    differs: str = "",
    shape: tuple[int | None, ...] = (5, 6, 2),
    **row: Any,
) -> Operation:
    first = shape[0] == 2

    def reference(x: Array, t: Array) -> Array:
        near = 0.3 * t.astype("float64") + [0.8, 0.5, -1, -0.5, 0.8, 2]
        order = {"nearest": 0, "bilinear": 1}[interpolation]
        if not first:
            return affine(x, near, order, mode, 0.5)
        y = affine(np.moveaxis(x, 1, -1), near, order, mode, 0.5)
        return np.moveaxis(y, -1, 1)

    return one(
        f"affine_transform {interpolation} {mode} {shape}",
        lambda x, t: ops.image.affine_transform(
            x, eight(t), interpolation, mode, 0.5, **(FIRST if first else LAST)
        ),
        shapes=(shape, (6,)),
        dtypes=("float32", "float32"),
        low=-1.0,
        high=1.0,
        reference=on(differs, reference),
        **row,
    )


CORNERS = np.asarray([[0, 0], [0, 4], [5, 0], [5, 4]], "float32")


def perspective(interpolation: str, **arguments: Any) -> Callable[..., Any]:
    """A perspective between corners that two inputs move."""
    return lambda x, start, end: ops.image.perspective_transform(
        x, start + CORNERS, end + CORNERS, interpolation, **(LAST | arguments)
    )


def map_case(order: int, mode: str, differs: str = "", **row: Any) -> Operation:
    return one(
        f"map_coordinates {order} {mode}",
        lambda x, a, b: ops.image.map_coordinates(x, ops.stack([a, b]), order, mode, 1),
        shapes=((4,), (5,), (5,)),
        low=-3.0,
        high=6.0,
        reference=on(differs, lambda x, a, b: warped(x, [a, b], order, mode, 1)),
        **row,
    )


# TensorFlow folds the coordinates, not the pixels, back into the image, and has no
# "mirror"; its `map_coordinates` folds the pixels, but wrongly.
FOLDED = "tensorflow"
WARPING = [
    affine_case("bilinear", "constant"),
    affine_case("nearest", "constant", shape=(None, None, 2)),
    affine_case("bilinear", "reflect", FOLDED, shape=(2, 5, 6)),
    affine_case("bilinear", "mirror", FOLDED),
    affine_case("nearest", "wrap", FOLDED),
    affine_case("bilinear", "nearest", FOLDED),
    map_case(1, "constant"),
    map_case(0, "nearest"),
    map_case(1, "wrap"),
    map_case(1, "mirror", FOLDED),
    map_case(0, "reflect", FOLDED),
    map_case(1, "nearest", dtypes=("int32", "float32", "float32")),
    one(
        "perspective_transform bilinear",
        perspective("bilinear", fill_value=0.5),
        shapes=((5, 6, 2), (4, 2), (4, 2)),
        low=-0.7,
        high=0.7,
    ),
    one(
        "perspective_transform nearest",
        perspective("nearest", **FIRST),
        shapes=((2, 5, 6), (4, 2), (4, 2)),
        low=-0.7,
        high=0.7,
    ),
]


@export_check.each(*WARPING)
def test_warping(case: Operation) -> None:
    operations.check(case)


@pytest.mark.parametrize("mode", ["constant", "wrap"])
def test_one_transform_serves_all_images(mode: str) -> None:
    x = keras.Input((5, 6, 2))
    t = np.asarray([0.9, 0.2, -1.3, 0.1, 1.2, 0.6, 0, 0], "float32")
    model = keras.Model(x, ops.image.affine_transform(x, t, fill_mode=mode, **LAST))
    session = export_check.open_session(to_onnx(model, engine="native"))
    images = np.random.default_rng(3).normal(size=(3, 5, 6, 2)).astype("float32")
    (got,) = export_check.run(session, [images])
    want = affine(images, np.tile(t[:6], (3, 1)), 1, mode, 0.0)
    export_check.assert_alike(got, want)


def file_of(x: Any, y: Any, image: Array) -> Array:
    """What the file of one operation makes of an image."""
    proto = to_onnx(keras.Model(x, y), engine="native")
    (result,) = export_check.run(export_check.open_session(proto), [image])
    return result


def test_places_halfway_between_two_pixels() -> None:
    """The even one in `map_coordinates`, away from 0 in maps, as most backends do."""
    row = np.arange(6, dtype="float32")
    x, halves = keras.Input(()), np.asarray([[0.5, 1.5, 2.5, 3.5]], "float32")
    taken = ops.image.map_coordinates(x, halves, order=0)
    np.testing.assert_array_equal(file_of(x, taken, row), [0, 2, 2, 4])
    x = keras.Input((1, 6, 1))
    t = np.asarray([1, 0, 0.5, 0, 1, 0, 0, 0], "float32")
    moved = ops.image.affine_transform(x, t, "nearest", "nearest", **LAST)
    got = file_of(x, moved, row.reshape(1, 1, 6, 1))
    np.testing.assert_array_equal(got.ravel(), [1, 2, 3, 4, 5, 5])


def test_a_map_that_is_not_affine_is_taken_for_one() -> None:
    x = keras.Input((5, 6, 2))
    image = np.random.default_rng(3).normal(size=(1, 5, 6, 2)).astype("float32")
    t = np.asarray([0.9, 0.2, -1.3, 0.1, 1.2, 0.6, 0.3, -0.2], "float32")
    got = file_of(x, ops.image.affine_transform(x, t, **LAST), image)
    export_check.assert_alike(got, affine(image, t[None, :6], 1, "constant", 0.0))


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


def edges(x: Array) -> Array:
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
        reference=on("tensorflow", edges),
    ),
    one(
        "sobel_edges channels first",
        lambda x: ops.image.sobel_edges(x, **FIRST),
        shapes=((2, 5, 6),),
        reference=on(
            "tensorflow", lambda x: np.moveaxis(edges(np.moveaxis(x, 1, -1)), -2, 1)
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
    operations.check(case)


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
    operations.check(case)


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
    ),
]


@export_check.each(*TRANSLATING)
def test_scale_and_translate(case: Operation) -> None:
    operations.check(case)


def test_a_random_transform_is_refused() -> None:
    x = keras.Input((5, 6, 2))
    model = keras.Model(x, ops.image.elastic_transform(x, seed=1, **LAST))
    with pytest.raises(UnsupportedOperationError, match="random"):
        to_onnx(model, engine="native")


def test_a_fill_that_no_backend_has_is_refused() -> None:
    x = keras.Input((5, 6, 2))
    y = ops.image.resize(x, (3, 3), pad_to_aspect_ratio=True, fill_mode="edge", **LAST)
    with pytest.raises(UnsupportedOperationError, match="fill_mode"):
        to_onnx(keras.Model(x, y), engine="native")


def test_the_blur_of_integers_is_refused() -> None:
    x = keras.Input((5, 6, 2), dtype="uint8")
    model = keras.Model(x, ops.image.gaussian_blur(x, **LAST))
    with pytest.raises(UnsupportedOperationError, match="floats"):
        to_onnx(model, engine="native")
