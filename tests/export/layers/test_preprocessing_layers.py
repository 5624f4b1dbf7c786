"""Keras's preprocessing layers in ONNX: images, categories, statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_acts.export import UnsupportedOperationError, to_onnx
from keras_acts.export.convert.unsupported import UNSUPPORTED_LAYERS
from support import export_check
from support.export_check import LayerCase, check_layer, each

Array = np.ndarray

LAST, FIRST = {"data_format": "channels_last"}, {"data_format": "channels_first"}

AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "AugMix": {},
    "CutMix": {},
    "MixUp": {},
    "RandAugment": {},
    "RandomBrightness": {"factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.2},
    "RandomColorJitter": {"brightness_factor": 0.2, "hue_factor": 0.1},
    "RandomContrast": {"factor": 0.2},
    "RandomElasticTransform": {"factor": 0.5},
    "RandomErasing": {"factor": 0.5},
    "RandomFlip": {},
    "RandomGaussianBlur": {"factor": 0.5},
    "RandomGrayscale": {"factor": 0.5},
    "RandomHue": {"factor": 0.2},
    "RandomInvert": {"factor": 0.5},
    "RandomPerspective": {"factor": 0.5},
    "RandomPosterization": {"factor": 3},
    "RandomRotation": {"factor": 0.2},
    "RandomSaturation": {"factor": 0.2},
    "RandomSharpness": {"factor": 0.2},
    "RandomShear": {"x_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "Solarization": {},
    "MaxNumBoundingBoxes": {"max_number": 3},
    # In inference it returns images as they are, though it says that it resizes them.
    "RandomCrop": {"height": 5, "width": 6},
}
"""Layers that do nothing to images in inference, with their arguments."""


def test_augmentations_do_nothing_in_inference() -> None:
    x = y = keras.Input((5, 6, 3))
    for name, kwargs in AUGMENTATIONS.items():
        y = getattr(layers, name)(**kwargs)(y)
    # Some draw random numbers, in vain, which JAX can't compile.
    proto = export_check.check_model(keras.Model(x, y), lambda x: x)
    assert export_check.operators(proto) == set()


def test_augmentations_read_integers_as_floats() -> None:
    x = keras.Input((None, None, 3), dtype="uint8")
    flipped = layers.RandomFlip()(x)
    pipeline = layers.Pipeline([layers.RandomHue(0.1), layers.Rescaling(1 / 255)])
    proto = export_check.check_model(
        keras.Model(x, [flipped, pipeline(x)]),
        lambda x: [x.astype("float32"), x * np.float32(1 / 255)],
    )
    assert export_check.operators(proto) == {"Add", "Mul"}


def pixels(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> Array:
    return rng.uniform(0.0, 255.0, shape).astype(dtype)


def image(
    layer: Callable[..., Any], kwargs: Any, shape: Any, *operators: str, **row: Any
) -> LayerCase:
    kwargs = {**LAST, **kwargs}
    return LayerCase(layer, kwargs, shape, operators, draw=pixels, **row)


RESIZED = {"height": 4, "width": 7}
KNOWN, UNKNOWN = (6, 9, 3), (None, None, 3)
IMAGES = [
    image(layers.Resizing, RESIZED, KNOWN, "Concat", "Resize"),
    image(layers.Resizing, {**RESIZED, "interpolation": "nearest"}, KNOWN, "Gather"),
    image(
        layers.Resizing,
        {**RESIZED, "antialias": True, "crop_to_aspect_ratio": True},
        KNOWN,
        *("Concat", "Resize", "Slice"),
    ),
    image(
        layers.Resizing,
        {**RESIZED, **FIRST, "pad_to_aspect_ratio": True, "fill_value": 7.0},
        (3, 9, 6),
        *("Concat", "Pad", "Resize"),
    ),
    image(layers.Resizing, RESIZED, UNKNOWN, "Concat", "Resize"),
    image(layers.CenterCrop, RESIZED, KNOWN, "Slice"),
    image(layers.CenterCrop, {**RESIZED, **FIRST}, (3, 8, 8), "Slice"),
    image(
        layers.CenterCrop, {"height": 9, "width": 7}, KNOWN, "Concat", "Resize", "Slice"
    ),
    *(
        image(
            layers.CenterCrop,
            {"height": height, "width": 11},
            UNKNOWN,
            *("Add", "And", "Concat", "Div", "GreaterOrEqual", "Max", "Min", "Mod"),
            *("Mul", "Resize", "Slice", "Sub", "Where"),
            options={"batch_named": False},
        )
        for height in (9, 10)
    ),
    image(
        layers.AutoContrast,
        {},
        KNOWN,
        *("Add", "Clip", "Div", "IsNaN", "Mul", "Neg", "ReduceMax", "ReduceMin"),
        *("Sub", "Where"),
    ),
]


@each(*IMAGES)
def test_images(case: LayerCase) -> None:
    check_layer(case)


# Keras on torch counts pixels in integers, of which it cuts off the limit of a share,
# and pads tiles that images are no multiple of otherwise than it says. JAX compiles the
# layer slowly.
ON_TENSORFLOW = [
    pytest.mark.answers_differ("torch cuts off the fraction of a limit"),
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow",
        reason="torch answers otherwise, and JAX compiles the layer slowly",
    ),
]
TILED = [
    ((16, 24, 2), (2, 3)),
    pytest.param((12, None, 2), (4, 5), marks=ON_TENSORFLOW),
]


@pytest.mark.parametrize(("shape", "tiles"), TILED)
def test_local_contrast(shape: Any, tiles: tuple[int, int]) -> None:
    x = keras.Input(shape)
    layer = layers.ContrastLimitedAdaptiveHistogramEqualization(
        tile_grid_size=tiles, **LAST
    )
    model = keras.Model(x, layer(x))
    # onnxruntime refuses histograms of no tile.
    export_check.check_model(model, draw=pixels, batch_named=False, empty=False)


class Equalized(keras.Model):
    """Keras can't make a functional model of the layer, which returns its input."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = layers.Equalization()

    def call(self, x: Any) -> Any:
        return self.layer(x)


def test_equalization_does_nothing_in_inference() -> None:
    model = Equalized()
    images = pixels(np.random.default_rng(2), (2, 5, 6, 3), "float32")
    want = model(images, training=False)
    signature = keras.InputSpec(shape=(None, 5, 6, 3), dtype="float32")
    proto = to_onnx(model, engine="native", input_signature=signature)
    (got,) = export_check.run(export_check.open_session(proto), [images])
    np.testing.assert_array_equal(got, keras.ops.convert_to_numpy(want))


class Augmented(keras.Model):
    """Layers that take images with what belongs to them."""

    def __init__(self) -> None:
        super().__init__()
        boxes = {"bounding_box_format": "xyxy"}
        self.steps = [
            layers.RandomFlip(**boxes),
            layers.RandomHue(0.1),
            layers.CenterCrop(4, 3, **LAST),
            layers.Resizing(3, 5, **LAST),
        ]

    def call(self, data: Any) -> Any:
        for step in self.steps:
            data = step(dict(data))
        return data


def test_images_with_labels_and_masks() -> None:
    rng = np.random.default_rng(2)
    data = {
        "images": pixels(rng, (2, 7, 6, 3), "float32"),
        "labels": rng.normal(size=(2, 4)).astype("float32"),
        "segmentation_masks": pixels(rng, (2, 7, 6, 1), "float32"),
    }
    model = Augmented()
    want = model(dict(data), training=False)
    proto = to_onnx(model, engine="native")
    session = export_check.open_session(proto)
    names = [x.name for x in session.get_inputs()]
    got = dict(
        zip(
            [x.name.removesuffix("_1") for x in session.get_outputs()],
            export_check.run(session, [data[name] for name in names]),
            strict=True,
        )
    )
    assert set(got) == set(want)
    for name, values in want.items():
        export_check.assert_alike(got[name], keras.ops.convert_to_numpy(values))


NUMBERS = {"Greater", "Not", "ReduceSum"}
"""What finds the bins of numbers."""


def binned(mode: str, shape: tuple[int, ...], *operators: str) -> LayerCase:
    kwargs = {"bin_boundaries": [-0.5, 0.0, 1.25], "output_mode": mode}
    return LayerCase(layers.Discretization, kwargs, shape, {*NUMBERS, *operators})


def encoded(mode: str, shape: tuple[int, ...], *operators: str) -> LayerCase:
    kwargs = {"num_tokens": 6, "output_mode": mode}
    return LayerCase(layers.CategoryEncoding, kwargs, shape, operators, dtype="int32")


CATEGORIES = [
    binned("int", (3, 4)),
    binned("one_hot", (1,), "Equal"),
    binned("multi_hot", (4,), "Equal", "ReduceMax"),
    binned("count", (4,), "Equal"),
    encoded("one_hot", (1,), "Equal"),
    encoded("one_hot", (3,), "Equal"),
    encoded("multi_hot", (2,), "Equal", "ReduceMax"),
    # Of two axes Keras sums up the first, though it says that it were the last.
    encoded("count", (4, 4), "Equal", "ReduceSum"),
]


@each(*CATEGORIES)
def test_categories(case: LayerCase) -> None:
    check_layer(case)


def test_counts_have_weights() -> None:
    tokens, weights = keras.Input((5,), dtype="int32"), keras.Input((5,))
    layer = layers.CategoryEncoding(4, output_mode="count")
    counts = layer(tokens, count_weights=weights)
    export_check.check_model(keras.Model([tokens, weights], counts))


def test_bins_are_those_of_adapted_data() -> None:
    layer = layers.Discretization(num_bins=4)
    layer.adapt(np.random.default_rng(1).normal(size=(50, 1)).astype("float32"))
    x = keras.Input((6,))
    export_check.check_model(keras.Model(x, layer(x)))


STATISTICS = [
    LayerCase(
        layers.Normalization,
        {"mean": mean, "variance": variance, "axis": axis, "invert": invert},
        (3, 4),
        {"Add", "Mul"} if invert else {"Div", "Sub"},
    )
    for mean, variance, axis, invert in (
        (0.5, 2.0, None, False),
        ([0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 0.0, 0.5], -1, False),
        ([0.1, 0.2, 0.3], [1.0, 2.0, 0.5], 1, True),
        (np.full((3, 4), 0.3), np.full((3, 4), 0.7), (1, 2), False),
    )
]
SCALES = [
    LayerCase(layers.Rescaling, {"scale": 1 / 255}, (3, 4), {"Add", "Mul"}, "uint8"),
    LayerCase(
        layers.Rescaling,
        {"scale": [0.1, 0.2, 0.3], "offset": [1.0, 2.0, 3.0]},
        (4, 3),
        {"Add", "Mul"},
    ),
]


@each(*STATISTICS, *SCALES)
def test_statistics(case: LayerCase) -> None:
    check_layer(case)


def test_adapted_statistics() -> None:
    layer = layers.Normalization(axis=-1)
    layer.adapt(np.random.default_rng(1).normal(3.0, 2.0, (40, 5)).astype("float32"))
    x = keras.Input((5,))
    model = keras.Model(x, layer(x))
    export_check.check_model(model)


INTEGERS = keras.Input((3,), dtype="int64")
COLUMN = keras.Input((1,), dtype="int64")
REFUSED: dict[str, tuple[Any, dict[str, Any]]] = {
    "HashedCrossing": ((COLUMN, COLUMN), {"num_bins": 5}),
    "Hashing": (INTEGERS, {"num_bins": 5}),
}
"""Layers that ONNX can't express, with their inputs and arguments."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_layer_is_named_with_its_reason(name: str) -> None:
    inputs, kwargs = REFUSED[name]
    layer = getattr(layers, name)(**kwargs, name="here")
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(UnsupportedOperationError) as raised:
        to_onnx(model, engine="native")
    message = str(raised.value)
    assert f"Layer here (of type {name})" in message
    assert UNSUPPORTED_LAYERS[name] in message


ELSEWHERE = {
    *("IntegerLookup", "StringLookup", "TextVectorization"),
    *("MelSpectrogram", "STFTSpectrogram"),
}
"""Layers that are tested with others of their kind."""


def test_every_preprocessing_layer_has_a_row() -> None:
    named = {
        name
        for name, cls in vars(layers).items()
        if isinstance(cls, type) and ".preprocessing." in cls.__module__
    }
    cases = [*IMAGES, *CATEGORIES, *STATISTICS, *SCALES]
    tested = {case.layer.__name__ for case in cases} | {"Equalization", "Pipeline"}
    tested |= {"ContrastLimitedAdaptiveHistogramEqualization"}
    assert named == {*AUGMENTATIONS, *REFUSED, *ELSEWHERE, *tested}
