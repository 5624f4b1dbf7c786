"""Activations that mix elements along axes: forward mode and second derivatives."""

import numpy as np
import pytest

from support.directional import along
from support.gradients import value_and_vjp
from support.rows import AXIS, each_row

pytestmark = pytest.mark.filterwarnings(
    # torch scripts its own decompositions when they are first asked for.
    "ignore:.*torch.jit:DeprecationWarning"
)

STEP = 1e-5
BOUND = 1e-5
"""Central differences in float64, of gradients of sizes near 1."""


def _differences(layer, x, direction, cotangent):
    """Return the changes of the value and of the gradient along a direction."""
    sides = [
        value_and_vjp(layer, [x + sign * STEP * direction], cotangent)
        for sign in (1, -1)
    ]
    (above, (g_above,)), (below, (g_below,)) = sides
    return (above - below) / (2 * STEP), (g_above - g_below) / (2 * STEP)


@pytest.mark.parametrize("dtype", ["float64"])
@each_row(AXIS)
def test_every_mode(case, dtype):
    rng = np.random.default_rng(12)
    x, direction = rng.normal(0, 1, (2, *case.shape))
    layer = case.make_built(dtype=dtype)
    y, _ = value_and_vjp(layer, [x])
    cotangent = rng.normal(size=y.shape)
    first, second = _differences(layer, x, direction, cotangent)
    for mode, got in along(layer, x, direction, cotangent).items():
        want = first if mode == "forward" else second
        np.testing.assert_allclose(got, want, BOUND, BOUND, err_msg=mode)
