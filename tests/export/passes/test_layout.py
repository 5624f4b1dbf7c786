"""Passes over the graph: where transposes remain, and how weights are stored."""

from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers

from support.export_check import check_model, randomize


def conv(x, filters=4, **kwargs):
    kwargs = {"padding": "same", "kernel_initializer": "ones", **kwargs}
    return layers.Conv2D(filters, 3, **kwargs)(x)


def activated(x):
    x = conv(x, activation="relu")
    x = layers.BatchNormalization()(x)
    return conv(layers.PReLU(shared_axes=[1, 2])(x))


def residual(x):
    for _ in range(2):
        x = layers.Add()([x, conv(layers.ReLU()(conv(x, use_bias=False)))])
    return layers.GlobalAveragePooling2D()(x)


def dense_block(x):
    for _ in range(2):
        x = layers.Concatenate()([x, layers.Activation("swish")(conv(x))])
    return layers.GlobalMaxPooling2D()(x)


def squeeze_and_excite(x):
    x = conv(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = conv(gate, activation="sigmoid")
    return layers.GlobalAveragePooling2D()(conv(layers.Multiply()([x, gate])))


def squeeze_and_reshape(x):
    x = conv(x)
    gate = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
    gate = conv(gate, activation="sigmoid")
    return layers.GlobalAveragePooling2D()(conv(layers.Multiply()([x, gate])))


def padded(x):
    x = conv(layers.ZeroPadding2D(((0, 1), (2, 0)))(conv(x)))
    return conv(layers.Softmax()(layers.Rescaling([1.0, 2.0, 3.0, 4.0], 0.5)(x)))


def cropped(x):
    x = layers.Cropping2D(((2, 0), (0, 1)))(layers.ReLU()(conv(x)))
    return conv(layers.Concatenate()([x[:, ::2], x[:, 1::2]]))


def constants_of_every_rank(x):
    scaled = conv(x) * np.arange(4, dtype="float32") + np.ones((5, 1), "float32")
    return conv(scaled - np.arange(6, dtype="float32").reshape(6, 1, 1))


@pytest.mark.parametrize(
    ("build", "remaining"),
    [
        (activated, 2),
        (residual, 1),
        (dense_block, 1),
        (squeeze_and_excite, 1),
        (squeeze_and_reshape, 1),
        (padded, 2),
        (cropped, 2),
        (constants_of_every_rank, 2),
    ],
)
def test_transposes_remain_at_the_borders_of_the_model_alone(build, remaining):
    assert count_transposes(build) == remaining


def between_dense_layers(x):
    return layers.Dense(3)(layers.ReLU()(layers.Dense(4)(x)))


def read_by_a_dense_layer_too(x):
    x = layers.ReLU()(conv(x))
    return layers.GlobalAveragePooling2D()(conv(x)), layers.Dense(3)(x)


def two_outputs(x):
    first = layers.ReLU(name="first")(conv(x))
    return first, conv(first)


@pytest.mark.parametrize(
    ("build", "remaining"),
    [(between_dense_layers, 0), (read_by_a_dense_layer_too, 2), (two_outputs, 3)],
)
def test_layout_stays_where_turning_it_saves_nothing(build, remaining):
    assert count_transposes(build) == remaining


def count_transposes(build):
    """Check that the model answers as Keras does, and count its transposes."""
    x = keras.Input((6, 5, 4))
    model = keras.Model(x, build(x))
    randomize(model)
    return count_operators(check_model(model))["Transpose"]


def count_operators(proto):
    return Counter(node.op_type for node in proto.graph.node)


def test_a_kernel_used_twice_is_stored_once():
    shared = layers.Conv2D(4, 3, padding="same", kernel_initializer="ones")
    x = keras.Input((6, 5, 4))
    model = keras.Model(x, shared(layers.ReLU()(shared(x))))
    randomize(model)
    proto = check_model(model)
    shapes = [tuple(weight.dims) for weight in proto.graph.initializer]
    assert shapes.count((4, 4, 3, 3)) == 1


def test_a_matrix_used_in_two_layouts_is_stored_once():
    kernel = keras.Variable(np.arange(6, dtype="float32").reshape(3, 2), name="kernel")

    class Tied(layers.Layer):
        def __init__(self):
            super().__init__()
            self.kernel = kernel

        def call(self, x):
            y = keras.ops.matmul(x, self.kernel)
            return keras.ops.matmul(y, keras.ops.transpose(self.kernel))

    x = keras.Input((3,))
    proto = check_model(keras.Model(x, Tied()(x)))
    shapes = sorted(tuple(weight.dims) for weight in proto.graph.initializer)
    assert shapes == [(3, 2)]
    assert count_operators(proto) == {"MatMul": 2, "Transpose": 1}


def test_a_bias_becomes_the_third_input_of_its_convolution():
    x = keras.Input((6, 5, 4))
    model = keras.Model(x, conv(x))
    randomize(model)
    assert count_operators(check_model(model)) == {"Transpose": 2, "Conv": 1}


@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow",
    reason="Keras's TensorFlow backend adds along the channels, against broadcasting",
)
def test_an_addition_along_another_axis_is_no_bias():
    x = keras.Input((6, 4, 4))
    along_width = np.arange(4, dtype="float32").reshape(4, 1)
    model = keras.Model(x, conv(x, use_bias=False) + along_width)
    randomize(model)
    assert count_operators(check_model(model))["Add"] == 1
