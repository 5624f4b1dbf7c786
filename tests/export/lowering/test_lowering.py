"""The table of forms: complete, reasoned, and each target's own operators."""

import keras
import numpy as np
import pytest

from keras_acts import catalogue
from keras_acts.export.lowering import FORMS
from keras_acts.export.lowering.table import FLOATS
from keras_acts.export.options import OPSETS, TARGETS
from support import floats, tolerances
from support.export_check import open_session, run
from support.exported import activation_model, every_binade, exported, node_types
from support.precision import float64_enabled
from support.rows import ELEMENTWISE, each_row

WITH_FUNCTION = [row for row in catalogue.activations().values() if row.function]

# The operators of a layer with its default arguments, in order.
OPERATORS = {
    "Mish": {
        "cpu": "Clip Exp Add Mul Add Div Mul",
        "cuda": "Softplus Tanh Mul",
        "portable": "Mish",
    },
    "Softplus": {
        "cpu": "Clip Exp Add Log Sub Sub Div Add Max",
        "cuda": "Softplus",
        "portable": "Softplus",
    },
    "LogSigmoid": {
        "cpu": "Neg Clip Exp Add Log Sub Sub Div Sub Min",
        "cuda": "Neg Softplus Neg",
        "portable": "Neg Softplus Neg",
    },
    "ELU": {"cpu": "Exp HardSigmoid Neg Max", "cuda": "Elu", "portable": "Elu"},
    "CELU": {"cpu": "Exp HardSigmoid Neg Max", "cuda": "Elu", "portable": "Celu"},
    "SELU": {
        "cpu": "Exp HardSigmoid Neg Max LeakyRelu Mul",
        "cuda": "Selu",
        "portable": "Selu",
    },
    "PReLU": {"cpu": "Mul Max", "cuda": "PRelu", "portable": "PRelu"},
    "HardShrink": {
        "cpu": "Abs HardSigmoid Mul",
        "cuda": "Shrink",
        "portable": "Shrink",
    },
    "SoftShrink": {"cpu": "Clip Sub", "cuda": "Shrink", "portable": "Shrink"},
    "HardSwish": {
        "cpu": "HardSigmoid Mul",
        "cuda": "HardSigmoid Mul",
        "portable": "HardSwish",
    },
    "Swish": dict.fromkeys(TARGETS, "Sigmoid Mul"),
    "GELU": dict.fromkeys(TARGETS, "Gelu"),
    "ReLU": dict.fromkeys(TARGETS, "Relu"),
    "ReLU6": dict.fromkeys(TARGETS, "Clip"),
    "LeakyReLU": dict.fromkeys(TARGETS, "LeakyRelu"),
    "ThresholdedReLU": dict.fromkeys(TARGETS, "ThresholdedRelu"),
    "HardSigmoid": dict.fromkeys(TARGETS, "HardSigmoid"),
    "HardTanh": dict.fromkeys(TARGETS, "Clip"),
    "Softsign": dict.fromkeys(TARGETS, "Softsign"),
    "Softmax": dict.fromkeys(TARGETS, "Softmax"),
    "LogSoftmax": dict.fromkeys(TARGETS, "LogSoftmax"),
}

# What the target portable writes where the standard operator is missing or not run.
AT_OPSETS = (
    ("Mish", 17, "Softplus Tanh Mul"),
    ("Mish", 18, "Mish"),
    ("GELU", 19, "Mul Div Erf Add Mul"),
    ("GELU", 20, "Gelu"),
    ("Swish", 24, "Swish"),
    ("Swish", 25, "Sigmoid Mul"),
)

# Slopes on both sides of 1, or with a 0, need more than two passes on the CPU.
SLOPES = (
    ([0.25, 0.5], "Mul Max"),
    ([1.0, 2.0], "Mul Min"),
    ([0.5, 2.0], "Relu Clip Mul Add"),
    ([0.5, 0.0], "Relu Clip Mul Add"),
)


def alone(layer, shape=(4,)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize("row", WITH_FUNCTION, ids=lambda row: row.name)
def test_each_function_has_forms(row):
    assert row.function.__name__ in FORMS


@pytest.mark.parametrize("activation", FORMS)
def test_each_form_has_a_reason(activation):
    assert FORMS[activation]
    for form in FORMS[activation]:
        assert form.why.strip(), form
        assert "\n" not in form.why, form


@pytest.mark.parametrize("activation", FORMS)
def test_the_last_form_serves_everywhere(activation):
    *earlier, last = FORMS[activation]
    assert set(last.targets) == set(TARGETS)
    assert last.opsets == OPSETS
    assert last.dtypes >= FLOATS
    assert not last.is_conditional
    # A form behind one that serves everywhere would never be chosen.
    for form in earlier:
        limits = (
            form.is_conditional,
            set(form.targets) < set(TARGETS),
            form.opsets != OPSETS,
            not form.dtypes >= last.dtypes,
        )
        assert any(limits), form


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name, target):
    model = alone(catalogue.find(name).layer())
    assert node_types(exported(model, target=target)) == OPERATORS[name][target].split()


@pytest.mark.parametrize(("name", "opset", "expected"), AT_OPSETS)
def test_operators_at_opsets(name, opset, expected):
    proto = exported(
        alone(catalogue.find(name).layer()), target="portable", opset=opset
    )
    assert node_types(proto) == expected.split()


@pytest.mark.parametrize("target", ["cuda", "portable"])
@pytest.mark.parametrize("name", ["ELU", "SELU", "ThresholdedReLU"])
def test_cuda_leaves_operators_that_lost_their_kernels(name, target):
    proto = exported(alone(catalogue.find(name).layer()), target=target, opset=22)
    operator = OPERATORS[name]["portable"]
    assert (node_types(proto) == [operator]) == (target == "portable")


@pytest.mark.parametrize(("slopes", "expected"), SLOPES)
def test_slopes_choose_the_form_of_a_prelu(slopes, expected):
    layer = keras.layers.PReLU()
    model = alone(layer, (2,))
    layer.alpha.assign(slopes)
    assert node_types(exported(model)) == expected.split()


def test_half_precision_is_computed_in_float32_unless_exact():
    mish = exported(alone(catalogue.find("Mish").layer(dtype="float16")))
    relu = exported(alone(catalogue.find("ReLU").layer(dtype="float16")))
    assert node_types(mish).count("Cast") == node_types(relu).count("Cast") + 2


REFORMED = [
    case
    for case in ELEMENTWISE
    if not case.weights
    and case.layer in OPERATORS
    and OPERATORS[case.layer]["cpu"] != OPERATORS[case.layer]["portable"]
]
PER_BINADE = 64


@each_row(REFORMED)
def test_a_form_is_within_an_ulp_of_the_operator_in_each_binade(case):
    x = every_binade(per_binade=PER_BINADE).reshape(-1, PER_BINADE)
    with float64_enabled():
        want = keras.ops.convert_to_numpy(
            case.make(dtype="float64")(x.astype("float64"))
        )

    def worst(target):
        proto = exported(activation_model(case, (PER_BINADE,)), target=target, opset=24)
        (got,) = run(open_session(proto), [x])
        error = np.maximum(np.abs(got - want) - tolerances.FLUSHED, 0)
        return (error / floats.ulp(want, "float32")).max(axis=1)

    assert (worst("cpu") <= worst("portable") + 1).all()


@pytest.mark.parametrize("target", TARGETS)
def test_a_pelu_whose_beta_left_its_range_answers_as_keras_does(target):
    layer = catalogue.find("PELU").layer()
    model = alone(layer, (6,))
    layer.beta.assign([0.5, -0.5, 0.0, -2.0, 1.0, -0.0])
    layer.alpha.assign([1.0, 0.5, 1.0, 2.0, -1.0, 1.0])
    x = np.repeat([[-3.0], [-0.25], [0.25], [3.0]], 6, axis=1).astype("float32")
    want = keras.ops.convert_to_numpy(model(x))
    (got,) = run(open_session(exported(model, target=target)), [x])
    np.testing.assert_allclose(got, want, rtol=1e-6)
