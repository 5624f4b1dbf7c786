"""The one table of tolerances of the tests of activations.

Values and gradients against mpmath have bounds in ulp, which stand in the row of
each activation; here are those that hold for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from support import floats

TORCH = {"float32": 16, "float64": 16}
"""torch.nn.functional: two implementations, some ulp each; epsilons of the size."""

COMPILED = {"float32": 16}
"""Eager against compiled: the compiler may fuse and reorder; epsilons of the size."""

DIFFERENCES = {"float64": 1e-6}
"""Central differences in float64 with steps of 1e-5: truncation and rounding."""

ACROSS_BACKENDS = {"rtol": 1e-5, "atol": 1e-6}
"""A file loaded under another backend, in float32; `atol` times the largest output."""

EXPORTED = {"bfloat16": 2e-2, "float16": 4e-3, "float32": 1e-5, "float64": 1e-12}
"""Keras against onnxruntime: a part of each element and of the output's largest."""

EXPORTED_DEEP = 1e-4
"""A model of hundreds of layers in float32, as a part of the output's largest."""

EXPORTED_ULPS = 8
"""An activation in onnxruntime against Keras, both some ulp off the truth."""

EXPORTED_ABSOLUTE = {
    "acon_b": 4,
    "acon_c": 4,
    "celu": 2,
    "dyt": 4,
    "elish": 1,
    "elu": 1,
    "gelu": 4,
    "golu": 1,
    "hard_sigmoid": 1,
    "hard_swish": 1,
    "keras_gelu": 8,
    "laplace": 1,
    "pelu": 4,
    "selu": 1,
    "sigmoid": 1,
    "swish": 32,
    "tanh_shrink": 1,
    "xielu": 4,
}
"""The same, in epsilons, where the operators and Keras's own GELU lose the digits of
small results: Elu near 0 and its like subtract 1, Sigmoid below 0 is within an epsilon
(times x in Swish, up to 18/beta), Gelu's tail and x - tanh x cancel,
DyT and XIELU cross 0 between larger terms."""

FLUSHED = 2.0**-118
"""An intermediate below the normal numbers may be 0; times x, of a tail."""


def assert_within_epsilons(
    got: Any, want: Any, dtype: str, table: dict[str, int]
) -> None:
    """Check each element to a number of epsilons of its own size or of 1."""
    bound = table[dtype] * floats.epsilon(dtype)
    np.testing.assert_allclose(got, want, rtol=bound, atol=bound)


def assert_close_across_backends(got: Any, want: Any) -> None:
    """Check what a file gives under another backend."""
    rtol, atol = ACROSS_BACKENDS["rtol"], ACROSS_BACKENDS["atol"]
    # Exponential overflows in an LSTM.
    largest = np.max(np.abs(want), initial=0, where=np.isfinite(want))
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol * largest)
