"""The rows of the activations as parameters of tests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from support import floats
from support.case import Axis, Case, Elementwise, all_cases

CASES = all_cases()
ELEMENTWISE = [case for case in CASES if isinstance(case, Elementwise)]
AXIS = [case for case in CASES if isinstance(case, Axis)]


IN_TURN = pytest.mark.in_turn("float32 is tested on every backend")

every_dtype = pytest.mark.parametrize(
    "dtype",
    [pytest.param(d, marks=() if d == "float32" else IN_TURN) for d in floats.DTYPES],
)
"""Run a test for each dtype, as its argument `dtype`."""


def one_of_each_kind(cases: Sequence[Case]) -> list[Case]:
    """Keep one case of each layer with weights, and one without, for costly tests."""
    kinds = {(case.layer, bool(case.weights)): case for case in reversed(cases)}
    return list(reversed(kinds.values()))


def each_row(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Run a test for each case, as its argument `case`."""
    return pytest.mark.parametrize("case", cases, ids=[case.id for case in cases])
