"""What counts as agreement: shares and intervals by hand, and kinds of outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_acts.export.quantization.measure.answers import (
    Comparison,
    error_of,
    kind_of,
    wilson,
)
from keras_acts.export.quantization.settings import Settings

pytestmark = pytest.mark.runs_once("compares arrays of NumPy")


@pytest.mark.parametrize(
    ("agreed", "count", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),  # Newcombe (1998), table I, has this interval
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (450, 450, 0.99154, 1.0),
    ],
)
def test_wilson(agreed, count, low, high):
    assert wilson(agreed, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("agreed", "count"), [(1, 3), (97, 100), (449, 450)])
def test_the_ends_of_the_interval_solve_its_equation(agreed, count):
    """(p̂ − p)² = z² p (1 − p) / n, which defines both ends."""
    for p in wilson(agreed, count):
        left = (agreed / count - p) ** 2
        assert left == pytest.approx(1.959964**2 * p * (1 - p) / count, rel=1e-5)


def test_error_is_a_share_of_the_magnitude():
    want = np.array([3.0, 4.0], "f")
    assert error_of(want, np.array([3.0, 4.5], "f")) == pytest.approx(0.1)
    assert error_of(want, want) == 0
    assert error_of(np.zeros(2), np.ones(2)) == math.inf


HALVES = np.array([[0.25, 0.75], [0.6, 0.4]], "f")
KINDS = {
    "probabilities": (HALVES, "classes"),
    "probabilities at each step": (HALVES[None], "classes"),
    "a probability": (HALVES[:, :1], "yes or no"),
    "logits": (HALVES * 4, "numbers"),
    "shares that do not add up": (HALVES / 2, "numbers"),
    "integers": (np.eye(2, dtype="int64"), "numbers"),
    "nothing": (np.zeros((0, 2), "f"), "numbers"),
    "NaN": (HALVES * np.nan, "numbers"),
    "a vector": (HALVES[0], "numbers"),
}


@pytest.mark.parametrize(("array", "kind"), KINDS.values(), ids=list(KINDS))
def test_kinds(array, kind):
    assert kind_of(array) == kind


def compared(want, have, **settings):
    comparison = Comparison(Settings(**settings))
    comparison.add({"y": want}, {"y": have})
    return comparison.outputs()[0]


def test_classes_are_counted():
    have = np.array([[0.3, 0.7], [0.4, 0.6]], "f")
    found = compared(HALVES, have, min_agreement=0.5)
    assert (found.classes, found.classes_agreed, found.agreement) == (2, 1, 0.5)
    assert found.agrees
    assert not compared(HALVES, have, min_agreement=0.51).agrees


def test_yes_and_no_are_counted():
    found = compared(HALVES[:, :1], np.array([[0.4], [0.4]], "f"))
    assert (found.classes, found.classes_agreed) == (2, 1)


def test_numbers_have_an_error():
    want = np.array([[3.0, -4.0]], "f")
    found = compared(want, want + 0.5, max_error=0.15)
    assert found.agreement is None
    assert found.error == pytest.approx(math.sqrt(0.5) / 5)
    assert found.max_abs == 0.5
    assert found.agrees
    assert not compared(want, want + 0.5, max_error=0.14).agrees


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_disagrees(bad):
    want = np.array([[3.0, -4.0]], "f")
    found = compared(want, np.array([[3.0, bad]], "f"), max_error=1e9)
    assert (found.not_finite, found.agrees) == (1, False)


def test_another_shape_disagrees():
    assert not compared(np.ones((2, 3), "f"), np.ones((2, 4), "f")).agrees


def test_one_run_that_shows_otherwise_decides_on_the_kind():
    comparison = Comparison(Settings())
    comparison.add({"y": HALVES}, {"y": HALVES})
    comparison.add({"y": HALVES * 3}, {"y": HALVES * 3})
    assert comparison.outputs()[0].classes == 0
