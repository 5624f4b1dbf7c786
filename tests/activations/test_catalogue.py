"""The catalogue has each activation of the specification, whole."""

import functools
import importlib.util
import inspect

import pytest

from keras_acts import catalogue, functional, layers
from keras_acts.functional._accuracy import ACCURACY
from support.case import Axis, Case, Elementwise
from support.process import ROOT
from support.rows import CASES

pytestmark = pytest.mark.runs_once("it reads names and docstrings")

SPECIFIED = {
    "linear": ("Linear",),
    "sigmoid": (
        "Sigmoid",
        "HardSigmoid",
        "LogSigmoid",
        "Swish",
        "HardSwish",
        "SparseSigmoid",
        "SparsePlus",
    ),
    "relu": (
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "PReLU",
        "RReLU",
        "ThresholdedReLU",
        "Threshold",
        "SquaredReLU",
        "CReLU",
        "APReLU",
        "TLU",
        "FReLU",
        "DYReLU",
    ),
    "exponential": (
        "ELU",
        "CELU",
        "SELU",
        "PELU",
        "Softplus",
        "Squareplus",
        "Mish",
        "Exponential",
    ),
    "gaussian": ("GELU",),
    "tanh": ("Tanh", "HardTanh", "TanhShrink", "LiSHT", "Softsign"),
    "shrink": ("HardShrink", "SoftShrink", "SReLU"),
    "smooth": (
        "TeLU",
        "GoLU",
        "HardMish",
        "Laplace",
        "ISRU",
        "ISRLU",
        "SmeLU",
        "SERLU",
        "ELiSH",
        "StarReLU",
        "XIELU",
        "ACONB",
        "ACONC",
        "Rational",
        "MetaACON",
    ),
    "normalizing": ("DyT", "PolyNorm"),
    "periodic": ("Snake", "Sine"),
    "softmax": (
        "Softmax",
        "LogSoftmax",
        "Softmin",
        "SoftmaxOne",
        "GumbelSoftmax",
        "Sparsemax",
        "Entmax15",
        "Entmax",
    ),
    "gated": ("GLU", "ReGLU", "GEGLU", "SwiGLU", "ClippedSwiGLU", "GatedDense"),
    "maxout": ("Maxout", "ChannelMaxout"),
}
"""What the product promises, written down once and derived from nothing."""

ALIASES = {"ACON": "ACONC", "SiLU": "Swish"}

INNER_FUNCTIONS = {
    "APReLU": functional.aprelu,
    "DYReLU": functional.dyrelu,
    "FReLU": functional.frelu,
    "MetaACON": functional.acon_c,
}
"""Of a layer that computes the arguments of its function by a network."""

PROOFS = {
    Elementwise: (
        "activations/test_values.py::test_value_in_each_binade_and_at_edges",
        "activations/test_values.py::test_value_at_infinity_and_nan",
        "activations/test_edges.py::test_elements_give_what_the_docstring_says",
        "activations/test_gradients.py::test_gradient_in_each_binade_at_edges_and_kinks",
        "export/lowering/test_activations.py::test_every_binade",
    ),
    Axis: (
        "activations/test_axis.py::test_random_numbers",
        "activations/test_axis.py::test_zeros_tiny_and_large_numbers",
        "activations/test_axis.py::test_nan_gives_nan",
        "activations/test_axis.py::test_gradient_is_that_of_central_differences",
        "export/lowering/test_activations.py::test_activations_along_axes",
    ),
    Case: (
        "activations/test_serialization.py::test_fresh_process_answers_bit_for_bit",
        "activations/test_serialization.py::test_other_backend_answers_alike",
    ),
}
"""The tests that each case must run through: oracle, edge inputs, gradient,
serialization, export."""

by_name = pytest.mark.parametrize(
    ("family", "name"),
    [(family, name) for family, names in SPECIFIED.items() for name in names],
)


def test_nothing_is_missing_and_nothing_unspecified():
    found = {name: row.family for name, row in catalogue.activations().items()}
    assert found == {name: f for f, names in SPECIFIED.items() for name in names}


@by_name
def test_layer_is_public(family, name):
    assert inspect.isclass(getattr(layers, name))
    assert name in layers.__all__


@by_name
def test_function_is_public(family, name):
    function = catalogue.find(name).function or INNER_FUNCTIONS[name]
    public = function.__name__
    assert getattr(functional, public) is function
    assert public in functional.__all__
    assert inspect.getdoc(function)


@by_name
def test_docstring_has_every_part(family, name):
    row = catalogue.find(name)
    wanted = [
        section for section in catalogue.SECTIONS if row.defaults or section != "Args:"
    ]
    lines = inspect.getdoc(row.layer).splitlines()
    assert [line for line in lines if line in catalogue.SECTIONS] == wanted
    assert row.summary.startswith(name)
    for parameter in row.defaults:
        assert any(line.strip().startswith(f"{parameter}:") for line in lines), (
            parameter
        )


@by_name
def test_each_case_is_put_to_every_proof(family, name):
    cases = [case for case in CASES if case.layer == name]
    assert cases
    for case in cases:
        kind = next(kind for kind in PROOFS if isinstance(case, kind))
        for proof in (*PROOFS[kind], *PROOFS[Case]):
            assert case in _parameters(proof), f"{case} is not in {proof}"


@functools.cache
def _module(path):
    spec = importlib.util.spec_from_file_location(path, ROOT / "tests" / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parameters(proof):
    """Return the cases that a test has as parameters."""
    path, test = proof.split("::")
    marks = getattr(_module(path), test).pytestmark
    return next(mark.args[1] for mark in marks if mark.args[0] == "case")


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_alias(alias, name):
    assert getattr(layers, alias) is getattr(layers, name)
    assert catalogue.find(alias).name == name


def test_each_row_stands_once():
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)


def test_find_suggests_what_is_near():
    with pytest.raises(ValueError, match=r"Did you mean Mish.*Received: 'mihs'"):
        catalogue.find("mihs")


@pytest.mark.parametrize("name", catalogue.activations())
def test_the_stated_accuracy_is_what_the_layer_is_held_to(name):
    stated = catalogue.find(name).accuracy
    cases = [case for case in CASES if case.layer == name]
    assert all(isinstance(case, Elementwise) is not stated.along_axes for case in cases)
    bounds = ["ulps"]
    if not stated.along_axes:
        bounds += ["absolute", "gradient_ulps"]
        held = max(case.gradient_absolute for case in cases)
        assert held <= stated.gradient_absolute <= 2
    for bound in bounds:
        assert getattr(stated, bound) == max(getattr(case, bound) for case in cases)
    beyond = stated.absolute or stated.ulps > (16 if stated.along_axes else 7)
    assert stated.reason or not beyond


def test_accuracy_is_stated_of_activations_alone():
    assert set(ACCURACY) <= set(catalogue.activations())
