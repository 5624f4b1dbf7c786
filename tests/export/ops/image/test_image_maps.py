"""Images taken at other places in ONNX: coordinates, affine maps, perspectives.

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
from support.differences import on
from support.images import FIRST, LAST, Array
from support.operations import Operation, one

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
    operations.check_operation(case)


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


def test_a_random_transform_is_refused() -> None:
    x = keras.Input((5, 6, 2))
    model = keras.Model(x, ops.image.elastic_transform(x, seed=1, **LAST))
    with pytest.raises(UnsupportedOperationError, match="random"):
        to_onnx(model, engine="native")
