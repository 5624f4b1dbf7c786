"""Each activation as a model of one layer: onnxruntime answers as Keras does."""

import functools

import keras
import numpy as np
import pytest

from keras_acts.export.lowering import FORMS
from keras_acts.export.options import OPSETS, TARGETS
from support import floats
from support.export_check import open_session, run
from support.exported import (
    activation_model,
    answers,
    arranged,
    assert_within_bounds,
    every_binade,
    exported,
    node_types,
)
from support.rows import AXIS, CASES, ELEMENTWISE, each_row
from support.runs.evidence import compares_answers
from support.sweep import learned_names

TARGETS_AND_OPSETS = (("cpu", None), ("cuda", 17), ("portable", OPSETS[-1]))
every_target = pytest.mark.parametrize(("target", "opset"), TARGETS_AND_OPSETS)
BOTH_SIGNS = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], "float32")

# Where onnxruntime answers NaN at an infinity, and Keras or our layer the limit: it
# multiplies, or divides, infinity by zero or by itself. The operators do so too.
NAN_AT_MINUS_INF = {"GELU", "HardSwish", "Mish", "Softsign", "Swish"}
NAN_AT_PLUS_INF = {"Softsign"}
# Where NaN becomes 0, in the operator ThresholdedRelu.
NAN_IS_LOST = {"ReLU", "Threshold", "ThresholdedReLU"}
# Keras averages and normalizes in float32 what is float64.
IN_FLOAT32 = {"APReLU", "DYReLU", "FReLU", "MetaACON"}


def name_of(case):
    """Return the name of the case's function, or its layer's where it has none."""
    return getattr(case.row.function, "__name__", case.layer.lower())


def one_a_layer(cases):
    """Return the first case of each layer."""
    return list({case.layer: case for case in reversed(cases)}.values())[::-1]


def is_weightless(case):
    return not learned_names(case) and not case.make().awaits_weights


def opsets_where_forms_end(case):
    """Return the opsets next to which an activation changes its form."""
    ranges = [form.opsets for form in FORMS.get(name_of(case), ())]
    ends = {end for one in ranges for end in (one[0], one[-1])}
    return sorted(ends - {OPSETS[0], OPSETS[-1]})


def normal(shape, scale=3.0, dtype="float32"):
    return (scale * np.random.default_rng(2).normal(size=shape)).astype(dtype)


def assert_close(got, want, ulps, dtype=None):
    """Check outputs that sum over axes: to a part of the largest."""
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    largest = np.max(np.abs(want), initial=0, where=np.isfinite(want))
    bound = ulps * floats.ulp(np.asarray(largest), dtype or want.dtype.name)
    np.testing.assert_allclose(
        got.astype("float64"), want.astype("float64"), rtol=0, atol=bound
    )


@functools.cache
def asked(case):
    """Return numbers of every binade, and what Keras answers."""
    x = arranged(every_binade(), case.shape[1:])
    return x, keras.ops.convert_to_numpy(modelled(case)(x, training=False))


modelled = functools.cache(activation_model)


def assert_answers(case, **options):
    """Check a case on numbers of every binade."""
    proto = exported(modelled(case), **options)
    if compares_answers():
        x, want = asked(case)
        (got,) = run(open_session(proto), [x])
        assert_within_bounds(got, want, name_of(case), at=x)
        assert np.isfinite(got[np.isfinite(want)]).all()


@every_target
@each_row(ELEMENTWISE)
def test_every_binade(case, target, opset):
    assert_answers(case, target=target, opset=opset)


@pytest.mark.parametrize("target", TARGETS)
@each_row([case for case in one_a_layer(ELEMENTWISE) if opsets_where_forms_end(case)])
def test_opsets_where_forms_end(case, target):
    for opset in opsets_where_forms_end(case):
        assert_answers(case, target=target, opset=opset)


@every_target
@each_row(AXIS)
def test_activations_along_axes(case, target, opset):
    model = modelled(case)
    proto = exported(model, target=target, opset=opset)
    if not compares_answers():
        return
    session = open_session(proto)
    for scale in (0.01, 3.0, 1e4):
        x = normal(case.shape, scale)
        want = keras.ops.convert_to_numpy(model(x, training=False))
        assert_close(run(session, [x])[0], want, 2 * case.ulps)


def inputs_of_several_elements(case):
    """Return a case's special inputs; Keras warns of a softmax over one element."""
    inputs = (np.asarray(x, "float32") for x in case.inputs.values())
    return [x for x in inputs if 1 not in x.shape[1:]]


@each_row(
    [c for c in AXIS if is_weightless(c) and c.inputs and inputs_of_several_elements(c)]
)
def test_special_inputs_along_axes(case):
    for x in case.inputs.values():
        x = np.asarray(x, "float32")
        if 1 in x.shape[1:]:
            continue  # Keras warns of a softmax over one element
        proto = exported(model := activation_model(case, x.shape[1:]))
        if compares_answers():
            want, got = answers(model, proto, x)
            assert_close(got, want, 2 * case.ulps)


@each_row(one_a_layer(ELEMENTWISE))
def test_zeros_infinities_and_nan(case):
    model = activation_model(case)
    proto = exported(model)
    if not compares_answers():
        return
    x = np.repeat(BOTH_SIGNS, np.prod(case.shape[1:])).reshape(-1, *case.shape[1:])
    want, got = answers(model, proto, x)
    want = want.copy()
    if case.layer in NAN_AT_MINUS_INF:
        want[3] = np.nan
    if case.layer in NAN_AT_PLUS_INF:
        want[2] = np.nan
    np.testing.assert_allclose(got[:4], want[:4], rtol=2e-6)
    assert np.isnan(want[4]).all()
    assert np.isnan(got[4]).all() or case.layer in NAN_IS_LOST


@pytest.mark.parametrize("dtype", ["float64"])
@each_row(one_a_layer(CASES))
def test_float64(case, dtype):
    inputs = keras.Input(case.shape[1:], dtype=dtype)
    layer = case.make(dtype=dtype)
    model = keras.Model(inputs, layer(inputs))
    case.set_weights(layer)
    proto = exported(model)
    for scale in (1e-2, 5.0) if compares_answers() else ():
        x = normal(case.shape, scale, dtype)
        want, got = answers(model, proto, x)
        if case in ELEMENTWISE:
            assert_within_bounds(got, want, name_of(case), at=x)
        else:
            assert_close(got, want, 32, "float32" if case.layer in IN_FLOAT32 else None)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@each_row(one_a_layer(CASES))
def test_half_precision(case, policy):
    inputs = keras.Input(case.shape[1:])
    layer = case.make(dtype=policy)
    half = layer(inputs)
    model = keras.Model(
        inputs, keras.layers.Activation("linear", dtype="float32")(half)
    )
    case.set_weights(layer)
    proto = exported(model)
    if not compares_answers():
        return
    x = normal(case.shape)
    want, got = answers(model, proto, x)
    # Both round once, or in the products of Maxout more often.
    bound = 4 * floats.epsilon(layer.compute_dtype)
    np.testing.assert_allclose(got, want, rtol=bound, atol=bound * np.abs(want).max())


@each_row([case for case in one_a_layer(CASES) if is_weightless(case)])
def test_unknown_sizes(case):
    rank = len(case.shape)
    model = activation_model(case, (None,) * (rank - 1))
    proto = exported(model)
    if not compares_answers():
        return
    session = open_session(proto)
    for batch, factor in ((1, 1), (3, 2)):
        x = normal((batch, *(factor * size for size in case.shape[1:])))
        want = keras.ops.convert_to_numpy(model(x, training=False))
        assert_close(run(session, [x])[0], want, 64)


@each_row(
    [case for case in one_a_layer(CASES) if case.row.function and is_weightless(case)]
)
def test_a_function_becomes_what_its_layer_becomes(case):
    given = case.kwargs if case.function_kwargs is None else case.function_kwargs
    inputs = keras.Input(case.shape[1:])
    by_function = exported(keras.Model(inputs, case.row.function(inputs, **given)))
    assert node_types(by_function) == node_types(exported(activation_model(case)))
