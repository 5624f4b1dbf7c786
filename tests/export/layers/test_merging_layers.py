"""Exported merging layers: broadcasting, one input twice, masks, products."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from support.export_check import LayerCase, check_layer, check_model, each

PAIR = [(3, 4), (3, 4)]
ELEMENTWISE = [
    case
    for layer, operators in (
        (layers.Add, {"Add"}),
        (layers.Average, {"Add", "Div"}),
        (layers.Maximum, {"Max"}),
        (layers.Minimum, {"Min"}),
        (layers.Multiply, {"Mul"}),
        (layers.Subtract, {"Sub"}),
    )
    for case in (
        LayerCase(layer, {}, PAIR, operators),
        LayerCase(layer, {}, [(None, 4), (None, 1)], operators),
        LayerCase(layer, {}, [(5,), (3, 5)], operators),
    )
]
CONCATENATE = [
    LayerCase(layers.Concatenate, {}, [(3, 4), (3, 2), (3, 1)], {"Concat"}),
    LayerCase(layers.Concatenate, {"axis": 1}, [(None, 4), (2, 4)], {"Concat"}),
]
DOT = [
    LayerCase(layers.Dot, {"axes": axes, "normalize": normalize}, shapes, operators)
    for axes, shapes in (
        (1, [(4,), (4,)]),
        (2, [(3, 4), (5, 4)]),
        ((2, 1), [(3, 4), (4, 5)]),
        ((1, 2), [(4, 3), (5, 4)]),
        ((2, 1), [(None, 4), (4, 5)]),
        ((3, 1), [(2, 3, 4), (4, 5)]),
    )
    for normalize, operators in (
        (False, {"MatMul"}),
        (True, {"MatMul", "Min", "Mul", "Reciprocal", "ReduceL2"}),
    )
]


@each(*ELEMENTWISE, *CONCATENATE, *DOT)
def test_merges(case: LayerCase) -> None:
    check_layer(case)


def test_more_than_two_inputs() -> None:
    inputs = [keras.Input((3,)) for _ in range(4)]
    check_model(keras.Model(inputs, layers.Add()(inputs)))


def test_one_input_twice() -> None:
    x = keras.Input((3,))
    check_model(keras.Model(x, layers.Multiply()([x, x])))


@each(layers.Add, layers.Average, layers.Maximum, layers.Multiply, layers.Concatenate)
def test_masks_merge(case: type[layers.Layer]) -> None:
    inputs = [keras.Input((4, 3)) for _ in range(2)]
    masked = [layers.Masking()(x) for x in inputs]
    pooled = layers.GlobalAveragePooling1D()(case()(masked))

    def draw(rng, shape, dtype):
        kept = rng.integers(0, 2, (*shape[:2], 1))
        kept[:, 0] = 1
        return (rng.normal(size=shape) * kept).astype(dtype)

    check_model(keras.Model(inputs, pooled), draw=draw)


def test_dtypes_of_inputs_are_promoted() -> None:
    x, y = keras.Input((3,), dtype="int32"), keras.Input((3,), dtype="float32")
    proto = check_model(keras.Model([x, y], layers.Concatenate()([x, y])))
    assert (
        np.unique([v.type.tensor_type.elem_type for v in proto.graph.input]).size == 2
    )
