"""Values of the activations of each element alone, against mpmath."""

import functools
import math

import numpy as np
from keras import ops

from support import floats, reference
from support.reference import alternatives, assert_right, exactly
from support.rows import ELEMENTWISE, each_row, every_dtype
from support.sweep import sweep


@functools.cache
def _values(case, dtype):
    s = sweep(case, dtype)
    return ops.convert_to_numpy(s.function(s.x))


@every_dtype
@each_row(ELEMENTWISE)
def test_value_in_each_binade_and_at_edges(case, dtype):
    s = sweep(case, dtype)
    question = (reference.value_at, case, dtype, s.x, s.weights)
    want = exactly(*question)
    assert_right(
        _values(case, dtype),
        want,
        dtype,
        at=s.x,
        ulps=case.ulps,
        absolute=case.absolute,
        or_else=alternatives(*question, want),
    )


@every_dtype
@each_row(ELEMENTWISE)
def test_value_at_infinity_and_nan(case, dtype):
    s = sweep(case, dtype)
    got = _values(case, dtype).astype("float64")
    bound = max(case.ulps, 1) * floats.epsilon(dtype)
    for x, want in (
        (-math.inf, case.at_minus_inf),
        (math.inf, case.at_plus_inf),
        (math.nan, math.nan),
    ):
        here = np.unique(got[np.isnan(s.x) if math.isnan(x) else s.x == x])
        np.testing.assert_allclose(here, [want], rtol=bound, err_msg=f"at {x}")


@every_dtype
@each_row(ELEMENTWISE)
def test_layer_gives_what_its_function_gives(case, dtype):
    s = sweep(case, dtype)
    x = s.x.reshape(-1, *case.shape[1:]) if s.weights else s.x
    layer = case.make(dtype=dtype)
    layer.build(x.shape)
    case.set_weights(layer)
    got = ops.convert_to_numpy(layer(ops.convert_to_tensor(x, dtype=dtype)))
    assert got.dtype == floats.numpy_dtype(dtype)
    np.testing.assert_array_equal(
        got.astype("float64").ravel(), _values(case, dtype).astype("float64").ravel()
    )
