"""The docstrings' sections on edge values and gradients hold, clause by clause."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import catalogue
from support import edges
from support.gradients import value_and_vjp
from support.models import jiggle
from support.rows import CASES, each_row

pytestmark = pytest.mark.in_turn("test_values.py runs on every backend")

EDGES = {"0": 0.0, "-inf": -np.inf, "+inf": np.inf, "NaN": np.nan}
NETWORKS = {"APReLU", "MetaACON"}
"""Layers whose gradient is also that of the network inside."""
ROWS = list(catalogue.activations().values())


def _value(layer, x):
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(x)))


def _gradient(layer, x):
    return value_and_vjp(layer, [x])[1][0]


ASKED = {"Edge values:": _value, "Gradient:": _gradient}

each_section = pytest.mark.parametrize("section", ASKED)


def _is_about_elements(case):
    claims = edges.clauses(case.row.layer, "Edge values:")
    return not any(claim.is_list for claim in claims)


ELEMENTS = [case for case in CASES if _is_about_elements(case)]
AXES = [row for row in ROWS if row.name not in {case.layer for case in ELEMENTS}]


def _names(case, layer):
    """Return arguments by name, weights as large as a sample, and the backend."""
    learned = {
        name: np.broadcast_to(ops.convert_to_numpy(weight), case.shape[1:])
        for name, weight in getattr(layer, "learned", {}).items()
    }
    backend = {"backend": keras.backend.backend()}
    return {**case.row.defaults, **case.kwargs, **learned, **backend}


@each_section
@each_row(ELEMENTS)
def test_elements_give_what_the_docstring_says(case, section):
    layer = case.make_built()
    names = _names(case, layer)

    def sample(code):
        return np.broadcast_to(edges.evaluate(code, names), case.shape[1:])

    claims = [
        (claim, where)
        for claim in edges.clauses(case.row.layer, section)
        if (where := sample(claim.condition)).any()
    ]
    if not claims:
        return  # `test_gradients_of_elements_are_told` says where that may be
    x = np.stack([sample(claim.point) for claim, _ in claims]).astype("float32")
    answers = ASKED[section](layer, x)
    for (claim, where), got in zip(claims, answers, strict=True):
        want = sample(claim.value).astype("float32")
        assert edges.holds(got[where], want[where]), f"{claim}: {np.unique(got[where])}"


@each_row(ELEMENTS)
def test_every_edge_of_an_element_is_told(case):
    names = _names(case, case.make_built())
    told = {edge: np.zeros(case.shape, bool) for edge in EDGES}
    for claim in edges.clauses(case.row.layer, "Edge values:"):
        here = edges.evaluate(claim.condition, names)
        for edge, x in EDGES.items():
            if np.array_equal(edges.evaluate(claim.point, names), x, equal_nan=True):
                told[edge] |= here
    assert not [edge for edge, where in told.items() if not where.all()]


@each_section
@pytest.mark.parametrize("row", AXES, ids=lambda row: row.name)
def test_an_axis_gives_what_the_docstring_says(row, section):
    required = {name: 1 for name, default in row.defaults.items() if default is ...}
    layer = row.layer(**required)
    for claim in edges.clauses(row.layer, section):
        x = np.array([edges.evaluate(claim.point, {})], "float32")
        if not layer.built:
            layer.build(x.shape)
            jiggle(layer)
        weights = {w.name: ops.convert_to_numpy(w) for w in layer.weights}
        value = edges.evaluate(claim.value, weights)
        (got,) = ASKED[section](layer, x)
        assert len(got) == len(value)
        told = [i for i, one in enumerate(value) if one is not ...]
        want = np.array([value[i] for i in told], "float32")
        assert edges.holds(got[told], want), f"{claim}: {got}"


@pytest.mark.parametrize("row", AXES, ids=lambda row: row.name)
def test_every_edge_along_an_axis_is_told(row):
    points = {
        str(x)
        for claim in edges.clauses(row.layer, "Edge values:")
        for x in np.ravel(edges.evaluate(claim.point, {})).astype(float)
    }
    assert {"0.0", "inf", "nan"} <= points


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_gradients_of_elements_are_told(row):
    if row.name in {case.layer for case in ELEMENTS} - NETWORKS:
        assert edges.clauses(row.layer, "Gradient:")


def test_a_clause_has_to_read_as_one():
    class Wrong:
        """A docstring.

        Edge values:
            zero → 0.
        """

    with pytest.raises(ValueError, match="Received: 'zero → 0'"):
        edges.clauses(Wrong, "Edge values:")


@pytest.mark.parametrize(
    ("got", "want"), [(1.0, 1.00001), (np.nan, 0.0), (np.inf, -np.inf), (1e-30, 0.0)]
)
def test_a_wrong_claim_is_found(got, want):
    assert edges.holds(np.array([want]), np.array([want]))
    assert not edges.holds(np.array([got]), np.array([want]))
