"""`verify` accepts what is right and rejects what is wrong, and says where."""

from __future__ import annotations

import keras
import pytest

from keras_acts.export.parity import verify
from support.handmade import (
    CLASSIFIER_WEIGHTS,
    activation,
    classifier,
    classifier_onnx,
    elementwise,
    onnx_model,
    weight,
)

pytestmark = pytest.mark.in_turn("verdicts on files made by hand, whatever the backend")

RIGHT = {
    "relu": "act = Relu(x)",
    "gelu": "act = Gelu(x)",
    "elu": "act = Elu(x)",
    "selu": "act = Selu(x)",
    "softplus": "act = Softplus(x)",
    "mish": "act = Mish(x)",
    "silu": "t = Sigmoid(x) act = Mul(x, t)",
    "tanh_shrink": "t = Tanh(x) act = Sub(x, t)",
    "softmax": "act = Softmax(x)",
    "exponential": "act = Exp(x)",
}


@pytest.mark.parametrize("name", RIGHT)
def test_an_activation_in_plain_operators_passes(name):
    report = verify(activation(name), elementwise(RIGHT[name]))
    assert report.passed, report
    assert report.outputs[0].summary.compared > 200


def test_a_right_classifier_passes():
    model = classifier()
    report = verify(model, classifier_onnx(model))
    assert report.passed, report
    assert report.warnings == ()
    assert report.outputs[0].summary.class_agreement == 1.0
    assert report.outputs[0].variation > 0.1


MISTAKES = {
    "epsilon": ({"epsilon": 1e-5}, "norm"),
    "axis": ({"axis": 0}, "probabilities"),
    "slope": ({"negative_slope": 1e-3}, "relu"),
    **{
        f"{name} off by 1e-3": ({"off": {name: 1e-3}}, path.split("/")[0])
        for name, path in CLASSIFIER_WEIGHTS.items()
    },
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_classifier_fails_at_the_layer_that_is_wrong(mistake):
    arguments, layer = MISTAKES[mistake]
    model = classifier()
    report = verify(model, classifier_onnx(model, **arguments))
    assert report.status == "failed"
    assert report.outputs[0].summary.mismatches > 0
    assert report.divergence is not None, report
    assert report.divergence.layer == layer


WRONG = {
    "another function": ("tanh", "act = Erf(x)"),
    "tanh form of gelu": ("gelu", 'act = Gelu<approximate = "tanh">(x)'),
    "kink elsewhere": ("relu", "act = ThresholdedRelu<alpha = 0.001>(x)"),
    "alpha": ("elu", "act = Elu<alpha = 1.001>(x)"),
    "no saturation": ("hard_sigmoid", "t = Div(x, six) act = Add(t, half)"),
    "NaN at one point": ("relu", "t = Relu(x) u = Div(t, x) act = Mul(u, x)"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_activation_fails(mistake):
    name, body = WRONG[mistake]
    constants = (
        "six = Constant<value_float = 6.0>() half = Constant<value_float = 0.5>()"
    )
    body = f"{constants} {body}" if "six" in body else body
    report = verify(activation(name), elementwise(body))
    assert report.status == "failed"
    assert not report.passed


def two_outputs() -> keras.Model:
    x = keras.Input((5,), name="x")
    up = keras.layers.Dense(3, name="up")(x)
    down = keras.layers.Dense(3, name="down")(x)
    return keras.Model(x, {"up": up, "down": down})


def two_outputs_onnx(
    model: keras.Model, first: str, second: str, out: str = "up, down"
):
    kernels = {name: weight(model, f"{name}/kernel") for name in ("up", "down")}
    one, other = out.split(", ")
    return onnx_model(
        f"(float[batch, 5] x) => (float[batch, 3] {one}, float[batch, 3] {other})",
        f"{one} = MatMul(x, kernel_{first}) {other} = MatMul(x, kernel_{second})",
        {f"kernel_{name}": kernel for name, kernel in kernels.items()},
    )


def test_outputs_belong_together_by_name_whatever_their_order():
    model = two_outputs()
    assert verify(model, two_outputs_onnx(model, "up", "down")).passed
    turned = two_outputs_onnx(model, "down", "up", out="down, up")
    assert verify(model, turned).passed


def test_swapped_outputs_fail():
    model = two_outputs()
    report = verify(model, two_outputs_onnx(model, "down", "up"))
    assert report.status == "failed"
    assert {one.name for one in report.outputs if not one.passed} == {"up", "down"}


def test_other_names_are_paired_in_order_and_told():
    # Keras orders the outputs of a dictionary by their keys.
    model = two_outputs()
    right = two_outputs_onnx(model, "down", "up", out="first, second")
    report = verify(model, right)
    assert report.passed
    assert report.warnings == (
        "output 'down' is called 'first' in the ONNX model",
        "output 'up' is called 'second' in the ONNX model",
    )
    wrong = two_outputs_onnx(model, "up", "down", out="first, second")
    assert verify(model, wrong).status == "failed"


def test_a_missing_output_fails():
    model = two_outputs()
    lone = onnx_model(
        "(float[batch, 5] x) => (float[batch, 3] up)",
        "up = MatMul(x, kernel)",
        {"kernel": weight(model, "up/kernel")},
    )
    report = verify(model, lone)
    assert report.status == "failed"
    assert "2 outputs" in report.problems[0]


MISFITS = {
    "an input of float64": (
        "(double[batch, 8] x) => (float[batch, 8] act)",
        "t = Cast<to = 1>(x) act = Relu(t)",
        "expected float32, got float64",
    ),
    "an input of integers": (
        "(int64[batch, 8] x) => (float[batch, 8] act)",
        "t = Cast<to = 1>(x) act = Relu(t)",
        "float32 in Keras and int64 in ONNX",
    ),
    "an input of another size": (
        "(float[batch, 7] x) => (float[batch, 7] act)",
        "act = Relu(x)",
        "(None, 8) in Keras and (None, 7) in ONNX",
    ),
    "a second input": (
        "(float[batch, 8] x, float[batch, 8] y) => (float[batch, 8] act)",
        "t = Add(x, y) act = Relu(t)",
        "1 inputs (x), the ONNX model 2 (x, y)",
    ),
    "an output of float64": (
        "(float[batch, 8] x) => (double[batch, 8] act)",
        "t = Relu(x) act = Cast<to = 11>(t)",
        "expected float32, got float64",
    ),
    "an output of another shape": (
        "(float[batch, 8] x) => (float[rows, columns] act)",
        "t = Relu(x) act = Transpose(t)",
        "expected (1, 8), got (8, 1)",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_inputs_and_outputs_must_fit(misfit):
    signature, body, message = MISFITS[misfit]
    report = verify(activation("relu"), onnx_model(signature, body))
    assert report.status == "failed"
    problems = [*report.problems, *(p for one in report.outputs for p in one.problems)]
    assert any(message in problem for problem in problems), problems


def test_a_file_written_in_float16_is_held_to_float16():
    model = activation("relu")
    report = verify(model, elementwise("act = Relu(x)", dtype="float16"))
    assert report.passed, report
    assert report.outputs[0].tolerance.precision == "float16"
    assert "computes in float16, the Keras model in float32" in report.warnings[0]


def test_a_lone_float16_output_is_wrong():
    half = onnx_model(
        "(float[batch, 8] x) => (float16[batch, 8] act)",
        "t = Relu(x) act = Cast<to = 10>(t)",
    )
    assert verify(activation("relu"), half).status == "failed"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_passes_and_a_wrong_slope_fails(dtype):
    layer = keras.layers.LeakyReLU(0.25, dtype=dtype, name="act")
    model = activation(layer, dtype=dtype)
    right = elementwise("act = LeakyRelu<alpha = 0.25>(x)", dtype=dtype)
    wrong = elementwise("act = LeakyRelu<alpha = 0.3>(x)", dtype=dtype)
    if dtype == "bfloat16":  # no kernel for it on CPU: Cast, as exporters write it
        casts = "t = Cast<to = 1>(x) u = {} act = Cast<to = 16>(u)"
        right = elementwise(casts.format("LeakyRelu<alpha = 0.25>(t)"), dtype=dtype)
        wrong = elementwise(casts.format("LeakyRelu<alpha = 0.3>(t)"), dtype=dtype)
    report = verify(model, right)
    assert report.passed, report
    assert report.outputs[0].tolerance.precision == dtype
    assert verify(model, wrong).status == "failed"


@pytest.mark.parametrize("dtype", ["float64"])
def test_float64_is_held_to_float64(dtype):
    model = activation("relu", dtype=dtype)
    assert verify(model, elementwise("act = Relu(x)", dtype="double")).passed
    rounded = "t = Cast<to = 1>(x) u = Relu(t) act = Cast<to = 11>(u)"
    assert verify(model, elementwise(rounded, dtype="double")).status == "failed"


def test_an_integer_output_must_be_equal():
    x = keras.Input((5,), name="x")
    model = keras.Model(x, keras.ops.argmax(x, axis=-1))
    body = "t = {}<axis = 1, keepdims = 0>(x) y = Cast<to = 6>(t)"
    signature = "(float[batch, 5] x) => (int32[batch] y)"
    right = onnx_model(signature, body.format("ArgMax"))
    assert verify(model, right).passed
    wrong = onnx_model(signature, body.format("ArgMin"))
    assert verify(model, wrong).status == "failed"


def test_a_users_tolerance_takes_the_place_of_the_tables():
    model = classifier()
    wrong = classifier_onnx(model, off={"bias2": 1e-3})
    assert verify(model, wrong, rtol=0.01, atol=1e-3).passed
    assert verify(model, classifier_onnx(model), rtol=0, atol=0).status == "failed"


@pytest.mark.parametrize(
    "arguments",
    [
        {"rtol": -1.0},
        {"atol": float("nan")},
        {"batch_sizes": ()},
        {"batch_sizes": (0,)},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(arguments):
    with pytest.raises(
        ValueError, match=f"`{next(iter(arguments))}` must .*Received: "
    ):
        verify(activation("relu"), elementwise("act = Relu(x)"), **arguments)


def test_what_is_no_model_is_refused(tmp_path):
    model = activation("relu")
    with pytest.raises(FileNotFoundError):
        verify(model, tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("no model at all")
    with pytest.raises(ValueError, match="no ONNX model"):
        verify(model, tmp_path / "text.onnx")
    with pytest.raises(TypeError, match="Received: a int"):
        verify(model, 3)


def test_a_path_bytes_and_a_message_are_the_same_model(tmp_path):
    proto = elementwise("act = Relu(x)")
    path = tmp_path / "relu.onnx"
    path.write_bytes(proto.SerializeToString())
    sources = (path, str(path), proto, proto.SerializeToString())
    reports = [verify(activation("relu"), source) for source in sources]
    assert all(report.passed for report in reports)
    assert len({str(report) for report in reports}) == 1
