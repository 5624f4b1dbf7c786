"""TensorFlow's own calls through the second engine: the answers, or a clear refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_acts.export import UnsupportedOperationError, to_onnx
from support.export_check import open_session, run

pytestmark = [
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow",
        reason="raw TensorFlow calls need Keras's backend to be it",
    ),
    pytest.mark.answers_differ("the calls are of TensorFlow alone"),
    pytest.mark.filterwarnings("ignore::keras_acts.export.EngineWarning"),
]

IMAGE, ANY = (5, 6, 3), (None, None, 3)


def image(name: str, size: tuple[int, int], *, old: bool = False, **kwargs: Any) -> Any:
    """Return a call of a function of `tf.image` that resizes, or of TensorFlow 1's."""

    def call(x: Any) -> Any:
        import tensorflow as tf

        module = tf.compat.v1.image if old else tf.image
        return getattr(module, name)(x, size, **kwargs)

    return call


def tensorflow(function: Callable[[Any, Any], Any]) -> Any:
    """Return a call of a function of the module and a tensor."""

    def call(x: Any) -> Any:
        import tensorflow as tf

        return function(tf, x)

    return call


UP, DOWN = (7, 9), (3, 4)
OLD = ("resize_bicubic", "resize_bilinear", "resize_nearest_neighbor")
METHODS = ("area", "bicubic", "bilinear", "nearest")
CASES: dict[str, tuple[Any, tuple[int | None, ...]]] = {
    **{
        f"{method}-{size}-{'known' if shape == IMAGE else 'unknown'}": (
            image("resize", size, method=method),
            shape,
        )
        for method in METHODS
        for size in (UP, DOWN)
        for shape in (IMAGE, ANY)
    },
    **{
        f"{name}-{size}-{corners}": (
            image(name, size, old=True, align_corners=corners),
            IMAGE,
        )
        for name in OLD
        for size in (UP, DOWN)
        for corners in (False, True)
    },
    "size-of-the-image": (
        tensorflow(lambda tf, x: tf.image.resize(x, tf.shape(x)[1:3] * 2)),
        ANY,
    ),
    "crop-and-resize": (
        tensorflow(
            lambda tf, x: tf.image.crop_and_resize(
                x, [[0.1, 0.1, 0.8, 0.9], [0.0, 0.2, 1.0, 1.0]], [0, 1], (4, 4)
            )
        ),
        IMAGE,
    ),
    "boolean-mask": (
        tensorflow(lambda tf, x: tf.boolean_mask(x, x[:, 0] > 0)),
        (4,),
    ),
    "where": (tensorflow(lambda tf, x: tf.gather_nd(x, tf.where(x > 0))), (4,)),
    "unique": (tensorflow(lambda tf, x: tf.unique(tf.reshape(x, [-1]))[0]), (4,)),
    "transpose": (tensorflow(lambda tf, x: tf.transpose(x)), (4,)),
    "loop": (
        tensorflow(
            lambda tf, x: tf.while_loop(
                lambda i, y: i < 3, lambda i, y: (i + 1, y * 2.0), [0, x]
            )[1]
        ),
        (4,),
    ),
    "branch": (
        tensorflow(
            lambda tf, x: tf.cond(
                tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x - 1.0
            )
        ),
        (4,),
    ),
}


# TensorFlow reads its cubic kernel from a table of 1,024 entries.
TOLERANCES = {"bicubic": 2e-3}


@pytest.mark.parametrize("name", CASES)
def test_a_call_of_tensorflow(name: str) -> None:
    call, shape = CASES[name]
    x = keras.Input(shape, name="x")
    model = keras.Model(x, layers.Lambda(call)(x))
    session = open_session(to_onnx(model))
    array = np.random.default_rng(2).normal(size=(2, *(n or 6 for n in shape)))
    array = array.astype("float32")
    (got,) = run(session, [array])
    want = np.asarray(model(array))
    assert got.shape == want.shape
    method = next((one for one in TOLERANCES if one in name), "")
    np.testing.assert_allclose(
        got, want, rtol=1e-5, atol=TOLERANCES.get(method, 1e-5) * np.abs(want).max()
    )


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (tensorflow(lambda tf, x: tf.image.resize(x, tf.shape(x)[1:3], "area")), ANY),
        (image("resize_area", DOWN, old=True, align_corners=True), IMAGE),
        (image("resize", DOWN, antialias=True), IMAGE),
    ],
    ids=["area-of-a-read-size", "area-of-corners", "antialias"],
)
def test_what_has_no_form_is_refused(call: Any, shape: tuple[int | None, ...]) -> None:
    x = keras.Input(shape, name="x")
    model = keras.Model(x, layers.Lambda(call)(x))
    with pytest.raises(UnsupportedOperationError, match="Received: "):
        to_onnx(model)
