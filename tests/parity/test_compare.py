"""The rule that decides, and the figures that a comparison gives."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from keras_acts.export.parity.compare import compare, summarize
from keras_acts.export.parity.tolerances import PRECISIONS, coarsest, largest, tolerance

pytestmark = pytest.mark.runs_once("it compares arrays")

F32 = tolerance("float32")


def floats(*values, dtype=np.float32):
    return np.array(values, dtype)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_table_states_each_format_right(dtype):
    info = ml_dtypes.finfo(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    row = PRECISIONS[dtype]
    assert row.eps == float(info.eps)
    assert row.smallest_normal == float(info.smallest_normal)
    assert row.largest == float(info.max)


def test_precisions_stand_coarsest_first():
    eps = [row.eps for row in PRECISIONS.values()]
    rtol = [row.rtol for row in PRECISIONS.values()]
    assert eps == sorted(eps, reverse=True)
    assert rtol == sorted(rtol, reverse=True)
    assert coarsest(["float64", "int32", "float16", "float32"]) == "float16"
    assert coarsest(["int32"]) == "float32"


ALLOWED = {
    # expected, magnitude, scale, stretch, and what float32 allows in its row's terms
    "relative to the element": (2.0, 0.0, 0.0, 1.0, lambda row: 2 * row.rtol),
    "relative to its kind": (0.0, 100.0, 0.0, 1.0, lambda row: 100 * row.share),
    "more for large inputs": (0.0, 100.0, 0.0, 8.0, lambda row: 800 * row.share),
    "ordinary rounding": (0.0, 0.0, 8.0, 1.0, lambda row: 32 * row.eps),
    "a subnormal": (0.0, 0.0, 0.0, 1.0, lambda row: row.smallest_normal),
}


@pytest.mark.parametrize("rule", ALLOWED)
def test_what_is_allowed(rule):
    expected, magnitude, scale, stretch, allowed = ALLOWED[rule]
    result = F32.allowed(np.array(expected), magnitude, scale, stretch)
    np.testing.assert_allclose(result, allowed(PRECISIONS["float32"]), rtol=1e-9)


def test_the_largest_finite_number_lends_its_rounding_to_the_others():
    assert largest(floats(1.0, -3.0, np.inf, np.nan)) == 3.0
    assert largest(floats(np.nan)) == largest(floats()) == 0.0
    expected, got = floats(1e-4, 100.0), floats(2e-4, 100.0)
    assert compare("", expected, got, F32).passed
    assert not compare("", expected[:1], got[:1], F32).passed
    assert compare("", expected[:1], got[:1], F32, magnitude=100.0).passed


def test_a_users_tolerance_is_numpys():
    given = tolerance("float32", rtol=0.01, atol=0.5)
    result = given.allowed(np.array([1.0, -100.0]), 1e6, 1e6, 1e6)
    np.testing.assert_allclose(result, [0.51, 1.5])


@pytest.mark.parametrize(("factor", "passed"), [(0.9, True), (1.1, False)])
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_rule_decides_at_its_border(dtype, factor, passed):
    row = PRECISIONS[dtype]
    expected = floats(1.0, -4.0, dtype=np.float64)
    error = np.array([0.0, factor * 4 * (row.rtol + row.share)])
    assert compare("", expected, expected + error, tolerance(dtype)).passed is passed


def test_the_figures_of_errors():
    expected = floats(*range(1, 101), dtype=np.float64)
    got = expected + np.arange(100) * 1e-3
    result = compare("a run", expected, got, tolerance("float64"))
    assert result.compared == 100
    assert result.mismatches == 99
    np.testing.assert_allclose(result.absolute.max, 0.099)
    np.testing.assert_allclose(result.absolute.mean, 0.0495)
    np.testing.assert_allclose(result.absolute.p99, 0.09801)
    np.testing.assert_allclose(result.relative.max, 0.099 / 100)
    assert result.worst is not None
    assert (result.worst.case, result.worst.index) == ("a run", (99,))
    assert (result.worst.expected, result.worst.got) == (100.0, got[99])


@pytest.mark.parametrize("value", [1.0, -3.5, 2.0**-126, 1e30])
def test_errors_are_counted_in_units_in_the_last_place(value):
    expected = floats(value)
    got = expected
    for _ in range(3):
        got = np.nextafter(got, np.float32(np.sign(value) * np.inf))
    assert compare("", expected, got, F32).max_ulps == 3


NONFINITE = {
    "NaN on both sides": (np.nan, np.nan, 0),
    "the same infinity": (-np.inf, -np.inf, 0),
    "another infinity": (np.inf, -np.inf, 1),
    "NaN for a number": (1.0, np.nan, 1),
    "a number for NaN": (np.nan, 1.0, 1),
    "a large number for infinity": (np.inf, 3e38, 1),
    "NaN for infinity": (np.inf, np.nan, 1),
}


@pytest.mark.parametrize("name", NONFINITE)
def test_nan_and_infinity_agree_with_themselves_only(name):
    expected, got, count = NONFINITE[name]
    result = compare("", floats(1.0, expected), floats(1.0, got), F32)
    assert (result.nonfinite, result.mismatches) == (count, count)
    assert result.passed is (count == 0)
    assert result.absolute.max == 0


def test_zeros_of_either_sign_are_equal():
    assert compare("", floats(0.0, -0.0), floats(-0.0, 0.0), F32).passed


def test_integers_must_be_equal():
    expected = np.array([1000000, 2])
    assert compare("", expected, expected, F32).passed
    assert compare("", expected, np.array([1000001, 2]), F32).mismatches == 1


def test_another_shape_is_a_problem_even_where_it_broadcasts():
    result = compare("", np.ones((2, 1)), np.ones((2, 2)), F32)
    assert not result.passed
    assert result.problem == "another shape: expected (2, 1), got (2, 2)"


CLASSES = {
    "distributions": ([[0.7, 0.3], [0.4, 0.6]], [[0.7, 0.3], [0.6, 0.4]], (2, 1)),
    "no sum of 1": ([[0.7, 0.7]], [[0.7, 0.7]], (0, 0)),
    "negative numbers": ([[1.5, -0.5]], [[1.5, -0.5]], (0, 0)),
    "one class": ([[1.0]], [[1.0]], (0, 0)),
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_compared_where_there_are_any(name):
    expected, got, counts = CLASSES[name]
    result = compare("", np.array(expected), np.array(got), F32)
    assert (result.classes, result.classes_agreed) == counts


def test_the_worst_element_tells_its_input():
    x = floats(-1.0, 2.0, 3.0)
    result = compare("", floats(0.0, 2.0, 3.0), floats(0.0, 2.0, 3.5), F32, [x])
    assert result.worst is not None
    assert result.worst.input == "3.0"
    rows = np.array([[0.0, 1.0], [-2.0, 5.0]])
    result = compare("", floats(0.0, 1.0), floats(0.0, 2.0), F32, [rows])
    assert result.worst is not None
    assert result.worst.input == "-2 to 5"


def test_several_comparisons_are_summed_up():
    first = compare("first", floats(1.0, 1.0), floats(1.0, 1.5), F32)
    second = compare("second", floats(1.0), floats(3.0), F32)
    third = compare("third", np.ones((2, 2)), np.ones(2), F32)
    summary = summarize([first, second, third])
    assert (summary.compared, summary.mismatches) == (3, 2)
    assert summary.absolute.max == 2.0
    np.testing.assert_allclose(summary.absolute.mean, 2.5 / 3)
    assert summary.worst is not None
    assert summary.worst.case == "second"
    assert summary.problems == ("third: another shape: expected (2, 2), got (2,)",)


def test_no_comparison_is_an_empty_summary():
    summary = summarize([])
    assert (summary.compared, summary.worst, summary.class_agreement) == (0, None, None)
