"""Statistics of several batches, fetched together, beside those added one by one."""

from __future__ import annotations

import numpy as np
import pytest

from keras_acts.diagnosis.totals import UnitTotals

pytestmark = pytest.mark.runs_once("the host adds up in NumPy")

ROWS = ("count", "mean", "variance", "zeros", "high")
DRAW = np.random.default_rng(5)


def batch(count, units=3, shift=0.0):
    """Return the statistics of a batch of numbers that are drawn."""
    if not count:
        return np.array([[0.0] * units, *[[np.nan] * units] * 4], "float32")
    y = DRAW.normal(shift, 2, (count, units)).round()
    shares = (y == 0).mean(0), (y > 1).mean(0)
    return np.stack([np.full(units, count), y.mean(0), y.var(0), *shares])


CASES = {
    "alike": [batch(8), batch(8), batch(8)],
    "uneven": [batch(8), batch(3, shift=40.0), batch(1)],
    "far from zero": [batch(9, shift=1e6), batch(9, shift=1e6)],
    "padding alone first": [batch(0), batch(5), batch(4)],
    "padding alone behind": [batch(5), batch(0), batch(4)],
    "one": [batch(6)],
    "of several shapes": [batch(6), batch(6, units=4)],
}


@pytest.mark.parametrize("batches", CASES.values(), ids=CASES)
def test_batches_added_together_are_those_added_one_by_one(batches):
    together, one_by_one = UnitTotals(), UnitTotals()
    before = batch(7)
    for totals in (together, one_by_one):
        totals.add(ROWS, before)
    together.add_all(ROWS, batches)
    for one in batches:
        one_by_one.add(ROWS, one)
    for name in ("count", "mean", "deviation"):
        found, expected = getattr(together, name), getattr(one_by_one, name)
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=name)
    for name, share in one_by_one.shares.items():
        np.testing.assert_allclose(together.shares[name], share, rtol=1e-9)


def test_padding_alone_stays_without_numbers():
    totals = UnitTotals()
    totals.add_all(ROWS, [batch(0), batch(0)])
    assert not totals.count.any()


def test_a_share_that_is_whole_in_each_batch_stays_whole():
    totals = UnitTotals()
    counts = (7, 3, 11, 5, 13, 1)
    ones = [np.array([[float(n)], [0.0], [0.0], [1.0], [0.0]]) for n in counts]
    totals.add_all(ROWS, ones)
    assert totals.shares["zeros"] == 1  # a unit is dead only then
