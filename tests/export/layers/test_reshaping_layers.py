"""Exported layers that move, drop, add or repeat elements, and those of no effect."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import LayerCase, check_layer, check_model, each, operators

FIRST = {"data_format": "channels_first"}
LAST = {"data_format": "channels_last"}

SHAPES = [
    LayerCase(layers.Reshape, {"target_shape": (4, 3)}, (2, 6), ()),
    LayerCase(layers.Reshape, {"target_shape": (-1, 2)}, (3, 4), ()),
    LayerCase(layers.Reshape, {"target_shape": (-1, 2)}, (None, 4), ()),
    LayerCase(layers.Reshape, {"target_shape": (-1,)}, (None, None, 2), ()),
    LayerCase(layers.Flatten, LAST, (2, 3, 4), ()),
    LayerCase(layers.Flatten, FIRST, (2, 3, 4), ()),
    LayerCase(layers.Flatten, LAST, (None, 4), ()),
    LayerCase(layers.Flatten, FIRST, (2, None, 3), ()),
    LayerCase(layers.Flatten, LAST, (), ()),
    LayerCase(layers.Permute, {"dims": (2, 1)}, (3, 4), ()),
    LayerCase(layers.Permute, {"dims": (3, 1, 2)}, (None, 4, 2), ()),
    LayerCase(layers.RepeatVector, {"n": 3}, (4,), {"Gather"}),
    LayerCase(layers.RepeatVector, {"n": 3}, (None,), {"Gather"}),
]
PADDING = [
    LayerCase(layers.ZeroPadding1D, {"padding": (1, 2), **LAST}, (4, 3), {"Pad"}),
    LayerCase(layers.ZeroPadding1D, {"padding": 2, **FIRST}, (3, None), {"Pad"}),
    LayerCase(
        layers.ZeroPadding2D, {"padding": ((1, 0), (2, 3)), **LAST}, (4, 5, 2), {"Pad"}
    ),
    LayerCase(
        layers.ZeroPadding2D, {"padding": (1, 2), **FIRST}, (2, None, 5), {"Pad"}
    ),
    LayerCase(
        layers.ZeroPadding3D,
        {"padding": ((1, 0), (2, 3), (0, 1)), **LAST},
        (2, 3, 4, 2),
        {"Pad"},
    ),
    LayerCase(layers.ZeroPadding3D, {"padding": 1, **FIRST}, (2, 3, None, 2), {"Pad"}),
]
CROPPING = [
    LayerCase(layers.Cropping1D, {"cropping": (1, 2)}, (6, 3), {"Slice"}),
    LayerCase(layers.Cropping1D, {"cropping": (0, 2)}, (None, 3), {"Slice"}),
    LayerCase(
        layers.Cropping2D, {"cropping": ((1, 0), (2, 1)), **LAST}, (4, 6, 2), {"Slice"}
    ),
    LayerCase(
        layers.Cropping2D, {"cropping": (1, 2), **FIRST}, (2, None, 7), {"Slice"}
    ),
    LayerCase(
        layers.Cropping3D,
        {"cropping": ((1, 0), (2, 1), (0, 1)), **LAST},
        (3, 5, 4, 2),
        {"Slice"},
    ),
    LayerCase(layers.Cropping3D, {"cropping": 1, **FIRST}, (2, 3, None, 4), {"Slice"}),
]
UPSAMPLING = [
    LayerCase(layers.UpSampling1D, {"size": 3}, (4, 2), {"Resize"}),
    LayerCase(layers.UpSampling1D, {"size": 2}, (None, 2), {"Resize"}),
    LayerCase(layers.UpSampling2D, {"size": (2, 3), **LAST}, (3, 4, 2), {"Resize"}),
    LayerCase(layers.UpSampling2D, {"size": 2, **LAST}, (None, None, 2), {"Resize"}),
    LayerCase(layers.UpSampling2D, {"size": 2, **FIRST}, (2, 3, None), {"Resize"}),
    LayerCase(
        layers.UpSampling2D,
        {"size": (2, 3), **LAST, "interpolation": "bilinear"},
        (3, 4, 2),
        {"Resize"},
    ),
    LayerCase(
        layers.UpSampling2D,
        {"size": 2, **FIRST, "interpolation": "bilinear"},
        (2, 3, 4),
        {"Resize"},
    ),
    LayerCase(
        layers.UpSampling3D, {"size": (2, 1, 3), **LAST}, (2, 3, 4, 2), {"Resize"}
    ),
    LayerCase(layers.UpSampling3D, {"size": 2, **FIRST}, (2, 2, 3, None), {"Resize"}),
    LayerCase(
        layers.UpSampling2D, {"size": 2, **LAST}, (3, 4, 2), {"Gather"}, dtype="int32"
    ),
]


@each(*SHAPES, *PADDING, *CROPPING, *UPSAMPLING)
def test_moves_elements(case: LayerCase) -> None:
    check_layer(case)


NO_EFFECT = [
    LayerCase(layers.Identity, {}, (3, 4), ()),
    LayerCase(layers.Dropout, {"rate": 0.5}, (3, 4), ()),
    LayerCase(layers.SpatialDropout1D, {"rate": 0.5}, (None, 4), ()),
    LayerCase(layers.SpatialDropout2D, {"rate": 0.5, **FIRST}, (2, 3, 4), ()),
    LayerCase(layers.SpatialDropout3D, {"rate": 0.5}, (2, 3, 4, 2), ()),
    LayerCase(layers.GaussianNoise, {"stddev": 0.5}, (3, 4), ()),
    LayerCase(layers.GaussianDropout, {"rate": 0.5}, (3, 4), ()),
    LayerCase(layers.AlphaDropout, {"rate": 0.5}, (3, 4), ()),
    LayerCase(layers.ActivityRegularization, {"l2": 0.5}, (3, 4), ()),
]


@each(*NO_EFFECT)
def test_has_no_effect_in_inference(case: LayerCase) -> None:
    check_layer(case)


NOISE = [case for case in NO_EFFECT if "rate" in case.kwargs or "stddev" in case.kwargs]


class Noisy(layers.Layer):
    def __init__(self, layer: layers.Layer) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x, training=True)


@each(*NOISE)
def test_noise_that_stays_on_is_drawn(case: LayerCase) -> None:
    x = keras.Input(case.shape)
    model = keras.Model(x, Noisy(case.layer(**case.kwargs, name="noise"))(x))
    found = operators(to_onnx(model))
    assert found & {"Dropout", "RandomNormalLike", "RandomUniformLike"}


OTHERS = [
    LayerCase(
        layers.Masking,
        {"mask_value": 0.5},
        (None, 4),
        {"Equal", "Greater", "Not", "ReduceMax", "Where"},
    ),
    LayerCase(layers.Activation, {"activation": "relu"}, (3, 4), {"Relu"}),
    LayerCase(layers.Activation, {"activation": ops.sin}, (3, 4), {"Sin"}),
    LayerCase(
        layers.Lambda,
        {"function": lambda x: ops.sin(x) * 2.0 + x},
        (3, 4),
        {"Sin", "Mul", "Add"},
    ),
    LayerCase(
        layers.Lambda,
        {"function": lambda x: ops.sum(x, axis=-1)},
        (None, 4),
        {"ReduceSum"},
    ),
]


def test_lambda_with_arguments() -> None:
    def scaled(x: Any, factor: float) -> Any:
        return ops.reshape(x, (ops.shape(x)[0], -1, 2)) * factor

    x = keras.Input((None, 4))
    y = layers.Lambda(scaled, output_shape=(None, 2), arguments={"factor": 3.0})(x)
    check_model(keras.Model(x, y))


@each(*OTHERS)
def test_masks_and_functions(case: LayerCase) -> None:
    check_layer(case)


def test_mask_flows_through_layers() -> None:
    x = keras.Input((5,), dtype="int32")
    y = layers.Embedding(6, 3, mask_zero=True)(x)
    y = layers.Dropout(0.3)(layers.Activation("tanh")(y))
    y = layers.GlobalAveragePooling1D()(layers.Dense(2)(y))
    check_model(keras.Model(x, y))
