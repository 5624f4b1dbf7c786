"""Models of images, written as people write them, at batch and image sizes unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import layers, ops

from support.zoo import ModelCase, check_at_sizes, model_case, real

WIDTH, HEADS, WINDOW = 8, 2, 4
LAST = {"data_format": "channels_last"}
ONES = {"kernel_initializer": "ones"}


def conv(filters: int, kernel: int = 3, **more: Any) -> Any:
    return layers.Conv2D(filters, kernel, **{"padding": "same", **ONES, **LAST, **more})


def dense(units: int, activation: str | None = None) -> Any:
    return layers.Dense(units, activation, **ONES)


class ClassToken(layers.Layer):
    """One learned vector before all others, and a learned position for each."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="ones")
        self.places = self.add_weight(
            shape=(1, shape[1] + 1, shape[-1]), initializer="ones"
        )

    def call(self, x: Any) -> Any:
        batch, _, width = ops.shape(x)
        token = ops.broadcast_to(self.token, (batch, 1, width))
        return ops.concatenate([token, x], axis=1) + self.places


class Coordinates(layers.Layer):
    """Positions as numbers from 0 to 1, through a Dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.project = dense(WIDTH)

    def build(self, shape: Any) -> None:
        self.project.build((None, None, 2))

    def call(self, x: Any) -> Any:
        batch, height, width, channels = ops.shape(x)
        rows = ops.linspace(0.0, 1.0, height)[:, None]
        columns = ops.linspace(0.0, 1.0, width)[None, :]
        pairs = [ops.broadcast_to(y, (height, width)) for y in (rows, columns)]
        places = self.project(ops.stack(pairs, axis=-1))
        return ops.reshape(x + places, (batch, height * width, channels))

    def compute_output_shape(self, shape: Any) -> Any:
        return shape[0], None, shape[-1]


def block(x: Any) -> Any:
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(HEADS, 4, **ONES)(y, y)
    y = dense(16, "gelu")(layers.LayerNormalization()(x))
    return x + dense(WIDTH)(y)


def vision_transformer(image: Any) -> Any:
    x = conv(WIDTH, 4, strides=4, padding="valid")(image)
    x = layers.Reshape((-1, WIDTH))(x)
    x = block(ClassToken()(x))
    return dense(3)(layers.LayerNormalization()(x)[:, 0])


def vision_transformer_of_any_size(image: Any) -> Any:
    x = Coordinates()(conv(WIDTH, 4, strides=4, padding="valid")(image))
    return dense(3)(ops.mean(block(x), axis=1))


def windows(x: Any) -> Any:
    batch, height, width, channels = ops.shape(x)
    x = ops.reshape(
        x, (batch, height // WINDOW, WINDOW, width // WINDOW, WINDOW, channels)
    )
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, WINDOW * WINDOW, channels))


def joined(x: Any, height: Any, width: Any) -> Any:
    x = ops.reshape(
        x, (-1, height // WINDOW, width // WINDOW, WINDOW, WINDOW, x.shape[-1])
    )
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height, width, x.shape[-1]))


class WindowAttention(layers.Layer):
    """Attention inside windows, shifted or not, with a bias for each distance."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift
        self.project, self.join = dense(3 * WIDTH), dense(WIDTH)
        grid = np.stack(np.meshgrid(*[np.arange(WINDOW)] * 2, indexing="ij"), -1)
        flat = grid.reshape(-1, 2)
        distance = flat[:, None] - flat[None, :] + WINDOW - 1
        self.distance = distance[..., 0] * (2 * WINDOW - 1) + distance[..., 1]

    def build(self, shape: Any) -> None:
        self.bias = self.add_weight(
            shape=((2 * WINDOW - 1) ** 2, HEADS), initializer="ones"
        )

    def regions(self, height: Any, width: Any) -> Any:
        """Number the parts that a shift brings into one window."""
        rows, columns = (
            ops.cast(ops.arange(n) >= n - WINDOW, "int32")
            + ops.cast(ops.arange(n) >= n - self.shift, "int32")
            for n in (height, width)
        )
        numbers = 3 * rows[:, None] + columns[None, :]
        return windows(numbers[None, ..., None])[..., 0]

    def call(self, x: Any) -> Any:
        height, width = ops.shape(x)[1], ops.shape(x)[2]
        if self.shift:
            x = ops.roll(x, (-self.shift, -self.shift), axis=(1, 2))
        y = self.project(windows(x))
        y = ops.reshape(y, (-1, WINDOW * WINDOW, 3, HEADS, WIDTH // HEADS))
        q, k, v = ops.unstack(ops.transpose(y, (2, 0, 3, 1, 4)), axis=0)
        scores = ops.matmul(q * (WIDTH // HEADS) ** -0.5, ops.swapaxes(k, -1, -2))
        bias = ops.take(self.bias, self.distance.reshape(-1), axis=0)
        bias = ops.reshape(bias, (WINDOW * WINDOW, WINDOW * WINDOW, HEADS))
        scores = scores + ops.transpose(bias, (2, 0, 1))[None]
        if self.shift:
            parts = self.regions(height, width)
            apart = ops.not_equal(parts[:, None, :], parts[:, :, None])
            count, size = ops.shape(parts)[0], WINDOW * WINDOW
            scores = ops.reshape(scores, (-1, count, HEADS, size, size))
            scores = scores + ops.where(apart, -100.0, 0.0)[None, :, None]
            scores = ops.reshape(scores, (-1, HEADS, size, size))
        y = ops.transpose(ops.matmul(ops.softmax(scores), v), (0, 2, 1, 3))
        y = self.join(ops.reshape(y, (-1, WINDOW * WINDOW, WIDTH)))
        y = joined(y, height, width)
        if self.shift:
            y = ops.roll(y, (self.shift, self.shift), axis=(1, 2))
        return y

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class Merging(layers.Layer):
    """Four neighbours become the channels of one; zeros stand beyond odd sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = dense(WIDTH)

    def build(self, shape: Any) -> None:
        self.reduce.build((*shape[:-1], 4 * shape[-1]))

    def call(self, x: Any) -> Any:
        height, width = ops.shape(x)[1], ops.shape(x)[2]
        x = ops.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
        parts = [x[:, i::2, j::2, :] for i in range(2) for j in range(2)]
        return self.reduce(ops.concatenate(parts, axis=-1))

    def compute_output_shape(self, shape: Any) -> Any:
        halves = [None if n is None else (n + 1) // 2 for n in shape[1:3]]
        return shape[0], *halves, WIDTH


def shifted_windows(image: Any) -> Any:
    x = conv(WIDTH, 1)(image)
    for shift in (0, WINDOW // 2):
        x = x + WindowAttention(shift)(layers.LayerNormalization()(x))
        x = x + dense(WIDTH)(dense(16, "gelu")(layers.LayerNormalization()(x)))
    return layers.GlobalAveragePooling2D(**LAST)(Merging()(x))


def stage(x: Any, filters: int) -> Any:
    for _ in range(2):
        x = layers.ReLU()(layers.BatchNormalization()(conv(filters)(x)))
    return x


def u_net(image: Any) -> Any:
    """Down by pooling, up by a transposed convolution and by upsampling."""
    first = stage(image, 3)
    second = stage(layers.MaxPooling2D(**LAST)(first), 4)
    x = stage(layers.MaxPooling2D(**LAST)(second), 5)
    x = layers.UpSampling2D(interpolation="bilinear", **LAST)(x)
    x = stage(layers.Concatenate()([x, second]), 4)
    x = layers.Conv2DTranspose(3, 2, strides=2, padding="same", **ONES, **LAST)(x)
    x = stage(layers.Concatenate()([x, first]), 3)
    return conv(1, 1, activation="sigmoid")(x)


class Boxes(layers.Layer):
    """Distances from the cells of a grid become corners of boxes."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def call(self, x: Any) -> Any:
        height, width = ops.shape(x)[1], ops.shape(x)[2]
        rows, columns = ops.meshgrid(
            ops.arange(height, dtype="float32"),
            ops.arange(width, dtype="float32"),
            indexing="ij",
        )
        centres = (ops.stack([columns, rows], axis=-1) + 0.5) * self.stride
        low, high = ops.split(ops.exp(x) * self.stride, 2, axis=-1)
        corners = ops.concatenate([centres - low, centres + high], axis=-1)
        return ops.reshape(corners, (ops.shape(x)[0], -1, 4))


def detector(image: Any) -> Any:
    """Heads that two scales share; the answers of all scales in one list."""
    fine = conv(6, strides=4, activation="relu")(image)
    coarse = conv(6, strides=2, activation="relu")(fine)
    up = layers.UpSampling2D(2, **LAST)(coarse)
    levels = {4: layers.Add()([fine, up]), 8: coarse}
    classes, distances = conv(3), conv(4)
    scores = [layers.Reshape((-1, 3))(classes(x)) for x in levels.values()]
    boxes = [Boxes(stride)(distances(x)) for stride, x in levels.items()]
    return {
        "boxes": layers.Concatenate(axis=1)(boxes),
        "scores": layers.Activation("sigmoid")(layers.Concatenate(axis=1)(scores)),
    }


ANY = real("H", "W", 3)
MODELS = [
    model_case("vision transformer", vision_transformer, image=real(16, 16, 3)),
    model_case("of any size", vision_transformer_of_any_size, image=ANY),
    model_case("shifted windows", shifted_windows, image=real(8, 8, 3)),
    model_case("shifted windows of any size", shifted_windows, image=ANY),
    model_case("u-net", u_net, image=ANY),
    model_case("detector", detector, image=ANY),
]
LARGE = ({"b": 1, "H": 16, "W": 24}, {"b": 3, "H": 24, "W": 32})


@pytest.mark.parametrize("case", MODELS, ids=str)
def test_a_model_answers_at_any_size(case: ModelCase) -> None:
    check_at_sizes(case, LARGE)


def test_outputs_of_a_detector_keep_their_names() -> None:
    proto = check_at_sizes(MODELS[-1], LARGE[:1])
    assert {x.name for x in proto.graph.output} == {"boxes", "scores"}


def test_a_u_net_has_two_transposes() -> None:
    """The channels are first between its input and its output."""
    proto = check_at_sizes(
        next(one for one in MODELS if one.name == "u-net"), LARGE[:1]
    )
    found = [node.op_type for node in proto.graph.node]
    assert found.count("Transpose") <= 2


def test_inputs_have_names_of_their_sizes() -> None:
    proto = check_at_sizes(model_case("u-net", u_net, image=ANY), LARGE[:1])
    dims = proto.graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == [
        *("batch", "image_1", "image_2"),
        3,
    ]
