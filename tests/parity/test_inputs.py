"""Which inputs a comparison runs on, and which of them decide."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_acts import layers
from keras_acts.export.parity import verify
from keras_acts.export.parity.inputs.edges import (
    breakpoints,
    edges,
    is_standalone_activation,
)
from keras_acts.export.parity.inputs.generator import Generator
from keras_acts.export.parity.inputs.index_limits import index_limits
from keras_acts.export.parity.onnx_model import OnnxModel, Port
from keras_acts.export.parity.pairing import PairedInput, pair_inputs
from keras_acts.export.trace import TracedInput, model_signature
from support.handmade import activation, elementwise, onnx_model, weight

pytestmark = pytest.mark.in_turn("inputs are generated alike on each backend")


def generator(
    shape, dtype="float32", *, batch_sizes=(1, 3), limits=None, onnx_shape=None
):
    spec = TracedInput(shape, dtype, "x")
    port = Port("x", dtype, onnx_shape or shape)
    known = tuple(a if b is None else b for a, b in zip(shape, port.shape, strict=True))
    paired = PairedInput(spec, port, known)
    return Generator([paired], limits or {}, batch_sizes, seed=0)


def shapes(cases):
    return {case.inputs["x"].shape for case in cases}


def test_random_inputs_come_in_each_batch_size_and_several_scales():
    cases = list(generator((None, 50)).random())
    assert shapes(cases) == {(1, 50), (3, 50)}
    largest = sorted(np.abs(case.inputs["x"]).max() for case in cases)
    assert largest[0] < 0.011
    assert largest[-1] > 5
    assert sum(case.ordinary for case in cases) == 2
    assert {case.inputs["x"].dtype for case in cases} == {np.dtype("float32")}


def test_random_inputs_repeat_with_the_seed():
    first, again = (list(generator((None, 4)).random()) for _ in range(2))
    assert first
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.inputs["x"], other.inputs["x"])


def test_a_fixed_batch_is_kept():
    assert shapes(generator((5, 4)).random()) == {(5, 4)}
    assert shapes(generator((None, 4), onnx_shape=(7, 4)).random()) == {(7, 4)}
    edge_cases = generator((5, 4)).edges(
        list(edges(activation("relu"), "float32")), standalone=True
    )
    assert shapes(edge_cases) == {(5, 4)}


def test_unknown_sizes_differ_between_batches_and_axes():
    assert shapes(generator((None, None, 4)).random()) == {(1, 16, 4), (3, 23, 4)}
    images = shapes(generator((None, None, None, 3)).random())
    assert images == {(1, 96, 128, 3), (3, 128, 96, 3)}


@pytest.mark.parametrize(
    ("dtype", "limits", "lowest", "highest"),
    [
        ("int32", {}, 0, 9),
        ("uint8", {}, 0, 255),
        ("int64", {"x": 1000}, 0, 999),
        ("float32", {"x": 7}, 0, 6),
    ],
)
def test_integers_stay_in_their_range_and_reach_its_ends(
    dtype, limits, lowest, highest
):
    make = generator((None, 40), dtype, limits=limits)
    cases = [*make.random(), *make.edges([], standalone=False)]
    drawn = np.concatenate([case.inputs["x"].ravel() for case in cases])
    assert drawn.dtype == dtype
    assert (drawn.min(), drawn.max()) == (lowest, highest)
    np.testing.assert_array_equal(drawn, np.round(drawn))


def test_booleans_are_mixed():
    drawn = [case.inputs["x"] for case in generator((None, 40), "bool").random()]
    assert drawn
    assert all(x.dtype == bool and x.any() and not x.all() for x in drawn)


def embedding_model(kind: str) -> keras.Model:
    x = keras.Input(
        (6,), name="tokens", dtype="float32" if kind == "float" else "int32"
    )
    table = keras.layers.Embedding(50, 3, name="table")
    if kind == "nested":
        inner = keras.Sequential([keras.Input((6,), dtype="int32"), table])
        return keras.Model(x, inner(x))
    if kind == "reshaped":
        return keras.Model(x, table(keras.ops.reshape(x, (-1, 3, 2))))
    if kind == "two tables":
        small = keras.layers.Embedding(20, 3)
        return keras.Model(x, [table(x), small(x)])
    return keras.Model(x, table(x))


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("int", 50), ("float", 50), ("nested", 50), ("reshaped", 50), ("two tables", 20)],
)
def test_a_vocabulary_is_found_behind_its_input(kind, limit):
    model = embedding_model(kind)
    assert index_limits(model, model_signature(model)) == {"tokens": limit}


def test_inputs_beside_an_embedding_have_no_limit():
    tokens = keras.Input((4,), name="tokens", dtype="int32")
    other = keras.Input((4, 3), name="other")
    count = keras.Input((), name="count", dtype="int32")
    y = keras.layers.Embedding(50, 3)(tokens) + other
    model = keras.Model([tokens, other, count], [y, count + 1])
    assert index_limits(model, model_signature(model)) == {"tokens": 50}


def test_an_embedding_is_verified_within_its_vocabulary():
    model = embedding_model("int")
    signature = "(int32[batch, 6] tokens) => (float[batch, 6, 3] table)"
    rows = weight(model, "table/embeddings")
    right = onnx_model(signature, "table = Gather(rows, tokens)", {"rows": rows})
    report = verify(model, right)
    assert report.passed, report
    assert "ends of the integer ranges" in report.cases
    rows[49] += 1e-3
    wrong = onnx_model(signature, "table = Gather(rows, tokens)", {"rows": rows})
    assert verify(model, wrong).status == "failed"


def test_edges_reach_zero_the_ends_and_what_is_no_number():
    values = np.concatenate(
        [edge.values for edge in edges(activation("relu"), "float32")]
    )
    largest = np.finfo(np.float32).max
    for wanted in (0.0, 1.0, -3.0, 6.0, largest, -largest, np.inf, -np.inf):
        assert wanted in values, wanted
    assert np.isnan(values).any()
    assert np.signbit(values[values == 0]).any()
    tiny = np.finfo(np.float32).smallest_normal
    assert ((values > 0) & (values < tiny)).any()


def test_the_arguments_of_an_activation_are_edges_of_its_own():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(4),
            keras.layers.ReLU(max_value=4.5, negative_slope=0.125),
            layers.HardTanh(min_value=-1.75, max_value=0.75),
        ]
    )
    marks = [0.125, 0.75, 1.75, 4.5]
    assert sorted(breakpoints(model)) == marks
    values = np.concatenate([edge.values for edge in edges(model, "float32")])
    for mark in marks:
        assert mark in values
        assert -mark in values


def test_the_largest_numbers_decide_for_a_standalone_activation_only():
    single, deep = (
        activation("relu"),
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]),
    )
    assert is_standalone_activation(single)
    assert not is_standalone_activation(deep)
    assert not is_standalone_activation(layers.Maxout(2))
    every = list(edges(single, "float32"))
    make = generator((None, 8))
    roles = {
        flag: {case.name: case.role for case in make.edges(every, standalone=flag)}
        for flag in (True, False)
    }
    assert roles[True]["edge ±largest"] == "decides where finite"
    assert roles[False]["edge ±largest"] == "reported"
    assert roles[True]["edge ±88 and neighbours"] == "decides where finite"
    for name in ("edge NaN", "edge ±inf", "edge subnormals"):
        assert roles[True][name] == "reported"


CLIPPED = "low = Constant<value_float = -1e30>() act = Max(low, x)"


def test_infinity_is_reported_and_decides_only_strictly():
    model = activation("linear")
    report = verify(model, elementwise("t = Sub(x, x) act = Add(t, x)"))
    assert report.passed, report
    assert "edge ±inf" in {found.case for found in report.findings}
    strict = verify(
        model, elementwise("t = Sub(x, x) act = Add(t, x)"), strict_edges=True
    )
    assert strict.status == "failed"


def test_the_largest_number_decides_for_a_standalone_activation():
    assert verify(activation("linear"), elementwise(CLIPPED)).status == "failed"


def test_own_arrays_decide_and_are_taken_in_each_form():
    model = activation("relu")
    wrong_above_50 = elementwise(
        "fifty = Constant<value_float = 500.0>() t = Relu(x) act = Min(t, fifty)"
    )
    own = np.full((2, 8), 600.0, np.float32)
    for given in (own, [own], {"x": own}, own.tolist()):
        report = verify(model, wrong_above_50, inputs=given)
        assert "own arrays" in report.cases
        worst = report.outputs[0].summary.worst
        assert worst is not None
        assert report.status == "failed"


def test_own_arrays_decide_even_where_keras_answers_nan():
    own = np.array([[np.nan] * 8], np.float32)
    body = """
    nan = IsNaN(x)
    zero = Constant<value_float = 0.0>()
    number = Where(nan, zero, x)
    act = Relu(number)
    """
    assert verify(activation("relu"), elementwise(body)).passed
    assert verify(activation("relu"), elementwise(body), inputs=own).status == "failed"
    assert verify(activation("relu"), elementwise("act = Relu(x)"), inputs=own).passed


@pytest.mark.parametrize(
    "given",
    [np.zeros((2, 7)), np.zeros(8), {"y": np.zeros((2, 8))}, [np.zeros((2, 8))] * 2],
    ids=["size", "rank", "name", "number"],
)
def test_own_arrays_that_do_not_fit_are_refused(given):
    with pytest.raises(ValueError, match=r"`inputs` must .*Received: "):
        verify(activation("relu"), elementwise("act = Relu(x)"), inputs=given)


def test_strings_need_own_arrays():
    with pytest.raises(ValueError, match="pass `inputs`"):
        list(generator((None, 1), "string").random())


def test_sizes_that_keras_refuses_are_searched_for():
    x = keras.Input((None,), name="x")
    y = keras.layers.Reshape((-1, 8), name="y")(x)
    model = keras.Model(x, y)
    shaped = onnx_model(
        "(float[batch, time] x) => (float[batch, groups, 8] y)",
        "s = Constant<value_ints = [0, -1, 8]>() y = Reshape(x, s)",
    )
    report = verify(model, shaped)
    assert report.passed, report
    assert not report.warnings
    assert {"normal, 3×24", "normal, 1×16"} <= set(report.cases)


def test_nchw_inputs_are_recognized_by_their_shape():
    x = keras.Input((5, 6, 2), name="x")
    model = keras.Model(x, keras.layers.ReLU(name="y")(x))
    turned = onnx_model(
        "(float[batch, 2, 5, 6] x) => (float[batch, 5, 6, 2] y)",
        "t = Transpose<perm = [0, 2, 3, 1]>(x) y = Relu(t)",
    )
    (paired,) = pair_inputs(model_signature(model), OnnxModel(turned))
    assert paired.channels_first
    assert verify(model, turned).passed


def test_runs_have_names_of_their_own():
    make = generator((None, 4))
    every = list(edges(activation("relu"), "float32"))
    names = [
        case.name for case in (*make.random(), *make.edges(every, standalone=True))
    ]
    assert len(set(names)) == len(names)
