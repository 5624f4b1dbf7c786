"""Einstein sums of two tensors: one product of matrices, whatever their axes do."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, operators, run
from support.operations import Operation

KNOWN = {"c": 3, "d": 4, "f": 6, "h": 2, "v": 5}
"""The sizes of axes; those of all others are unknown until the model runs."""


def einsum(equation: str) -> Operation:
    terms = equation.split("->")[0].split(",")
    shapes = tuple(tuple(KNOWN.get(x) for x in term[1:]) for term in terms)
    return Operation(equation, lambda a, b: ops.einsum(equation, a, b), shapes)


PRODUCTS = [
    einsum("btd,bsd->bts"),
    einsum("bthd,bshd->bhts"),  # The scores of attention,
    einsum("bhts,bshd->bthd"),  # its sums,
    einsum("bshd,bthd->bhts"),  # and the scores as Keras has them, keys first.
    einsum("btqd,bsad->btqsa"),  # Attention over two axes,
    einsum("btqsa,bsad->btqd"),
    einsum("bqhd,bthd->bhqt"),
    einsum("bd,bd->b"),
    einsum("bd,bdf->bf"),
    einsum("btec,btd->becd"),  # Tokens to the slots of experts.
    einsum("becd,btec->btd"),
]
SUMS = [
    einsum("btd,bsd->bt"),  # One operand's axis is summed alone,
    einsum("btd,bsd->btds"),  # or none.
]


def exported_case(case: Operation) -> onnx.ModelProto:
    return to_onnx(case.model(), engine="native")


@pytest.mark.parametrize("case", [*PRODUCTS, *SUMS], ids=str)
def test_values(case: Operation) -> None:
    session = open_session(exported_case(case))
    terms = case.name.split("->")[0].split(",")
    for first in (6, 7):  # Each unknown size is another, so that none can be mistaken.
        sizes = {**{x: first + i for i, x in enumerate("btsqaeij")}, **KNOWN}
        rng = np.random.default_rng(7)
        shapes = ([sizes[x] for x in term] for term in terms)
        arrays = [rng.normal(size=shape).astype("float32") for shape in shapes]
        assert_alike(run(session, arrays)[0], np.einsum(case.name, *arrays))


@pytest.mark.parametrize("case", PRODUCTS, ids=str)
def test_a_product_is_one(case: Operation) -> None:
    found = [node.op_type for node in exported_case(case).graph.node]
    assert found.count("MatMul") == 1
    assert "Einsum" not in found


@pytest.mark.parametrize("case", SUMS, ids=str)
def test_other_sums_are_written_as_such(case: Operation) -> None:
    assert operators(exported_case(case)) == {"Einsum"}


def test_a_matrix_in_the_first_place() -> None:
    class Mixes(layers.Layer):
        def build(self, shape: tuple[int | None, ...]) -> None:
            self.matrix = self.add_weight(shape=(3, 4), initializer="ones")

        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return ops.einsum("ij,bjk->bik", self.matrix, x)

    x = keras.Input((4, 5))
    proto = to_onnx(keras.Model(x, Mixes()(x)))
    assert operators(proto) == {"MatMul"}
    (stored,) = proto.graph.initializer
    assert np.prod(stored.dims) == 12
