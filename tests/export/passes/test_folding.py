"""Passes over the graph: what convolutions and poolings take into themselves."""

from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers

from support.export_check import check_model, randomize
from support.exported import exported, node_types

SCALE = np.array([0.5, 2.0, -1.0, 3.0], "float32")


def conv(x, **kwargs):
    kwargs = {"padding": "same", "kernel_initializer": "ones", **kwargs}
    return layers.Conv2D(4, 3, **kwargs)(x)


def dense(x, **kwargs):
    return layers.Dense(4, kernel_initializer="ones", **kwargs)(x)


def heads(x, bias_axes="de"):
    kwargs = {"kernel_initializer": "ones", "bias_axes": bias_axes}
    return layers.EinsumDense("bhwc,cde->bhwde", (6, 5, 2, 3), **kwargs)(x)


def normalization(axis=-1):
    """Statistics of images as they come: with a mean, far from unit variance."""
    mean, variance = [3.0, -1.0, 0.0, 2.0], [4.0, 0.25, 1.0, 9.0]
    return layers.Normalization(axis=axis, mean=mean, variance=variance)


# What a model computes, and the operators that stay beside Transpose and Conv.
MODELS = {
    "batch norm": (lambda x: layers.BatchNormalization()(conv(x)), ""),
    "batch norm, no bias": (
        lambda x: layers.BatchNormalization()(conv(x, use_bias=False)),
        "",
    ),
    "batch norm without factor": (
        lambda x: layers.BatchNormalization(scale=False, center=False)(conv(x)),
        "",
    ),
    "batch norm, two after another": (
        lambda x: layers.BatchNormalization()(layers.BatchNormalization()(conv(x))),
        "",
    ),
    "batch norm, depthwise": (
        lambda x: layers.BatchNormalization()(
            layers.DepthwiseConv2D(3, depth_multiplier=2, depthwise_initializer="ones")(
                x
            )
        ),
        "",
    ),
    "batch norm, transposed convolution": (
        lambda x: layers.BatchNormalization()(
            layers.Conv2DTranspose(3, 3, kernel_initializer="ones")(x)
        ),
        "ConvTranspose",
    ),
    "batch norm, convolution read twice": (
        lambda x: (lambda y: y + layers.BatchNormalization()(y))(conv(x)),
        "BatchNormalization Add",
    ),
    "zeros, convolution": (
        lambda x: conv(layers.ZeroPadding2D(((0, 1), (2, 3)))(x), strides=2),
        "",
    ),
    "zeros, padding of both": (
        lambda x: conv(layers.ZeroPadding2D(2)(x), strides=1),
        "",
    ),
    "zeros, maximum of what is not negative": (
        lambda x: layers.MaxPool2D(3, 2)(layers.ZeroPadding2D(1)(layers.ReLU()(x))),
        "Relu MaxPool",
    ),
    "zeros, maximum of anything": (
        lambda x: layers.MaxPool2D(3, 2)(layers.ZeroPadding2D(1)(x)),
        "Pad MaxPool",
    ),
    "zeros, windows of zeros alone": (
        lambda x: layers.MaxPool2D(2)(layers.ZeroPadding2D(2)(layers.ReLU()(x))),
        "Relu Pad MaxPool",
    ),
    "zeros, mean": (
        lambda x: layers.AveragePooling2D(3, 2)(layers.ZeroPadding2D(1)(x)),
        "AveragePool",
    ),
    "zeros, read twice": (
        lambda x: (lambda y: (conv(y), layers.GlobalMaxPool2D()(y)))(
            layers.ZeroPadding2D(1)(x)
        ),
        "Pad ReduceMax",
    ),
    "scale": (lambda x: conv(layers.Rescaling(1 / 255)(x)), ""),
    "scale and shift": (lambda x: conv(layers.Rescaling(1 / 127.5, -1.0)(x)), "Sub"),
    "scale and shift by channel": (
        lambda x: conv(normalization()(layers.Rescaling(2.0)(x))),
        "Sub",
    ),
    "scale, zeros, convolution": (
        lambda x: conv(layers.ZeroPadding2D(1)(layers.Rescaling(SCALE)(x))),
        "",
    ),
    "scale, depthwise": (
        lambda x: layers.DepthwiseConv2D(
            3, depth_multiplier=2, depthwise_initializer="ones"
        )(layers.Rescaling(SCALE)(x)),
        "",
    ),
    "scale, groups": (lambda x: conv(layers.Rescaling(SCALE)(x), groups=2), ""),
    "subtracted from a constant": (lambda x: conv((2.0 - x) * SCALE), "Sub"),
    "scale of 0": (lambda x: conv(x * np.array([1, 0, 1, 1], "float32")), "Mul"),
    "scale along another axis": (
        lambda x: conv(x * np.arange(1, 6, dtype="float32").reshape(5, 1)),
        "Mul",
    ),
    "scale, read twice": (
        lambda x: (lambda y: conv(y) + y)(x * SCALE),
        "Mul Add",
    ),
    "layer scale": (lambda x: dense(x) * SCALE, "MatMul Add"),
    "layer scale, no bias": (
        lambda x: keras.ops.multiply(SCALE, dense(x, use_bias=False)),
        "MatMul",
    ),
    "divided by a number": (lambda x: dense(x) / np.float32(3), "MatMul Add"),
    "dividing": (lambda x: 3.0 / dense(x), "MatMul Add Div"),
    "layer scale, activated": (
        lambda x: dense(x, activation="tanh") * SCALE,
        "MatMul Add Tanh Mul",
    ),
    "layer scale, read twice": (
        lambda x: (lambda y: y * SCALE + y)(dense(x)),
        "MatMul Add Mul Add",
    ),
    "scaled heads": (
        lambda x: heads(x) * np.float32(0.3),
        "MatMul Reshape Add",
    ),
    "scaled heads, no bias": (
        lambda x: heads(x, bias_axes=None) * np.float32(0.3),
        "MatMul Reshape",
    ),
    "heads by another factor": (
        lambda x: heads(x) * np.ones((2, 1), "float32"),
        "MatMul Reshape Add Mul",
    ),
    "factor along another axis": (
        lambda x: dense(x) * np.arange(1, 6, dtype="float32").reshape(5, 1),
        "MatMul Add Mul",
    ),
    "mean": (
        lambda x: layers.GlobalAveragePooling2D()(conv(x)),
        "GlobalAveragePool Flatten",
    ),
    "mean that keeps axes": (
        lambda x: conv(layers.GlobalAveragePooling2D(keepdims=True)(conv(x))),
        "GlobalAveragePool",
    ),
    "mean and back": (
        lambda x: conv(
            layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(conv(x)))
        ),
        "GlobalAveragePool",
    ),
    "mean of no image": (lambda x: keras.ops.mean(x, axis=(2, 3)), "ReduceMean"),
}


@pytest.mark.parametrize("name", MODELS)
def test_operators_that_stay(name):
    build, expected = MODELS[name]
    x = keras.Input((6, 5, 4))
    model = keras.Model(x, build(x))
    randomize(model)
    found = node_types(check_model(model))
    kept = [one for one in found if one not in ("Transpose", "Conv")]
    assert sorted(kept) == sorted(expected.split())


def test_a_normalized_image_costs_one_subtraction_on_planes_of_channels():
    x = keras.Input((6, 5, 4))
    y = conv(normalization()(layers.Rescaling(1 / 255)(x)))
    model = keras.Model(x, y)
    randomize(model)
    assert node_types(check_model(model)) == ["Transpose", "Sub", "Conv", "Transpose"]


def test_a_kernel_that_several_convolutions_read_is_stored_once():
    x = keras.Input((6, 5, 4))
    shared = layers.Conv2D(4, 3, padding="same", kernel_initializer="ones")
    images = (x, layers.Rescaling(2.0)(x))
    normed = [layers.BatchNormalization()(shared(image)) for image in images]
    model = keras.Model(x, normed)
    randomize(model)
    proto = check_model(model)
    assert [list(w.dims) for w in proto.graph.initializer].count([4, 4, 3, 3]) == 1
    assert node_types(proto).count("BatchNormalization") == 2


def test_a_well_known_network_is_convolutions_and_little_else():
    make = keras.applications.MobileNetV2
    model = make(weights=None, alpha=0.35, input_shape=(64, 64, 3))
    assert Counter(node_types(exported(model))) == {
        "Transpose": 1,
        "Conv": 52,
        "Clip": 35,
        "Add": 11,
        "GlobalAveragePool": 1,
        "Flatten": 1,
        "MatMul": 1,
        "Softmax": 1,
    }
