"""Products with matrices and tables of vectors in ONNX: Dense to Embedding."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from support.export_check import LayerCase, check_layer, check_model, each, randomize

PRODUCT = {"MatMul"}
WITH_BIAS = {"Add", "MatMul"}
LINE = (None, 3)
KERNEL = {"kernel_initializer": "ones"}
TABLE = {"embeddings_initializer": "ones"}


def dense(shape=LINE, operators=WITH_BIAS, **kwargs):
    kwargs = {**KERNEL, "units": 4, **kwargs}
    return LayerCase(layers.Dense, kwargs, shape, operators)


def einsum(equation, shape, output_shape, operators=WITH_BIAS, **kwargs):
    kwargs = {**KERNEL, "equation": equation, "output_shape": output_shape, **kwargs}
    return LayerCase(layers.EinsumDense, kwargs, shape, operators)


@each(
    dense((3,)),
    dense(),
    dense((None, 5, 3)),
    dense(use_bias=False, operators=PRODUCT),
    dense(activation="relu", operators=WITH_BIAS | {"Relu"}),
    dense(dtype="float16"),
    dense(dtype="mixed_float16"),
    dense(dtype="float64"),
    replace(dense(), dtype="float16"),
)
def test_dense(case):
    check_layer(case)


@each(
    einsum("abc,cd->abd", LINE, (None, 4), bias_axes="d"),
    einsum("...x,xy->...y", (5, 3), 4, bias_axes="y"),
    einsum("abc,cde->abde", LINE, (None, 2, 4), bias_axes="de"),
    einsum("abcd,cde->abe", (None, 3, 2), (None, 4), bias_axes="e"),
    einsum("abc,c->ab", (5, 3), (5,), PRODUCT),
    einsum("abc,bc->a", (5, 3), (), PRODUCT),
    einsum("abc,bde->acde", (5, 3), (3, 2, 4), {"MatMul"}),
    einsum("abcd,ecd->abe", (None, 3, 2), (None, 4), {"Add", "MatMul"}, bias_axes="e"),
    einsum("abc,cd->abd", LINE, (None, 4), PRODUCT, dtype="float64"),
    einsum("abc,bde->acde", (5, 3), (3, 2, 4), {"MatMul"}, dtype="float16"),
)
def test_einsum_dense(case):
    check_layer(case)


def codes(rng, shape, dtype):
    return rng.integers(0, 7, shape).astype(dtype)


def embedding(shape, dtype="int32", **kwargs):
    kwargs = {**TABLE, "input_dim": 7, "output_dim": 3, **kwargs}
    return LayerCase(
        layers.Embedding, kwargs, shape, {"Gather"}, dtype=dtype, draw=codes
    )


@each(
    embedding((None,)),
    embedding((5,), "int64"),
    embedding((5, None), "float32"),
    embedding((5,), "uint8"),
    embedding((5,), dtype="int32", mask_zero=True),
    replace(
        embedding((5,)), kwargs={"input_dim": 7, "output_dim": 3, "dtype": "float16"}
    ),
)
def test_embedding(case):
    check_layer(case)


MATRIX = np.arange(6.0, dtype="float32").reshape(3, 2)
CUBE = np.arange(12.0, dtype="float32").reshape(2, 3, 2)


@pytest.mark.filterwarnings("ignore:NotImplemented should:DeprecationWarning")
@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
        lambda x: ops.einsum("bij,bkj->bik", x, x),
        lambda x: ops.einsum("bij,bij->b", x, x),
        lambda x: ops.tensordot(x, MATRIX, 1),
        lambda x: ops.tensordot(x, CUBE, axes=[[2], [1]]),
        lambda x: ops.dot(x, MATRIX),
        lambda x: ops.inner(x, MATRIX.T),
    ],
)
def test_products(function):
    x = keras.Input((5, 3))
    check_model(keras.Model(x, function(x)))


@pytest.mark.answers_differ(
    "Keras's torch backend multiplies matrices and ignores the other axes"
)
@pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="Keras's torch backend multiplies matrices and ignores the other axes",
)
def test_dot_of_many_axes():
    x = keras.Input((5, 3))
    check_model(keras.Model(x, ops.dot(x, CUBE)))


def test_a_mask_travels_from_the_embedding_to_the_pooling():
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(7, 3, mask_zero=True),
            layers.Dense(4),
            layers.GlobalAveragePooling1D(),
        ]
    )
    randomize(model)
    check_model(model, draw=lambda rng, shape, dtype: codes(rng, shape, dtype) % 4)


@pytest.mark.parametrize("opset", [17, 18, 26])
@each(dense(), einsum("abc,bde->acde", (5, 3), (3, 2, 4), {"MatMul"}), embedding((5,)))
def test_opsets(case, opset):
    check_layer(replace(case, opset=opset))
