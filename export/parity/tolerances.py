"""How far two outputs may differ: one table by dtype, and the formula that uses it.

An element passes if

    |got - expected| <= rtol * |expected| + share * magnitude * input_scale
                        + 4 * eps * output_scale + tiny

`magnitude` is the largest finite |expected| of that output over the runs on inputs of
that kind, `input_scale` the largest input of the run but at least 1, `output_scale` the
largest |expected| over the runs on normally distributed inputs, and `tiny` the smallest
normal number.

1. `rtol` alone would be useless where sums cancel or a tail decays: the elements of one
   output come from the same sums, so the rounding of large ones carries over to small
   ones. `share` allows each element that rounding, whatever the scale of the output; a
   fixed absolute tolerance would be too loose for small outputs and too strict for
   large ones. Runs of different scales are compared separately, so that a large one
   does not loosen a small one; runs of one scale are compared together, since a single
   number may be near 0 by chance.
2. `input_scale`: the output of a softmax or a sigmoid stays small while the sums before
   it, and their rounding, grow with the input. It is 1 for a standalone activation.
3. `4 * eps * output_scale` covers what small inputs lose next to ordinary numbers:
   onnxruntime's Elu computes `exp(x) - 1`, which is 0 for x = 1e-30.
4. `tiny` covers subnormals, which TensorFlow and JAX flush to zero.
5. The user's `atol` replaces the second and third term, as in `numpy.allclose`.

The float32 row allows for another order of summation: ResNet50, DenseNet121,
EfficientNetB0 and MobileNetV3Small with random weights use at most a quarter of it on
every backend. It catches a weight that is off by 1e-3, or an epsilon of 1e-5 instead of
1e-3, in networks of a few layers. Half precision rounds each intermediate tensor, hence
its loose rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.export.parity.checks import check_tolerances

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Precision:
    """A float dtype, and how closely computations in it must agree.

    Attributes:
        eps: The distance from 1 to the next larger number.
        smallest_normal: The smallest positive normal number.
        largest: The largest finite number.
        rtol: Allowed error as a fraction of the element.
        share: Allowed error as a fraction of the output's largest element.
    """

    eps: float
    smallest_normal: float
    largest: float
    rtol: float
    share: float


PRECISIONS = {
    "bfloat16": Precision(2.0**-7, 2.0**-126, (2 - 2.0**-7) * 2.0**127, 3e-2, 3e-2),
    "float16": Precision(2.0**-10, 2.0**-14, 65504.0, 4e-3, 4e-3),
    "float32": Precision(
        2.0**-23, 2.0**-126, float(np.finfo(np.float32).max), 4e-6, 2e-6
    ),
    "float64": Precision(
        2.0**-52, 2.0**-1022, float(np.finfo(np.float64).max), 1e-12, 1e-12
    ),
}
"""The table of tolerances, coarsest dtype first."""


def largest(array: Array) -> float:
    """Return the largest finite absolute value, 0 if there is none."""
    size = np.abs(array.astype(np.float64))
    return float(size.max(initial=0.0, where=np.isfinite(size)))


def coarsest(dtypes: Iterable[str], default: str = "float32") -> str:
    """Return the float dtype of least precision, ignoring other dtypes."""
    present = set(dtypes)
    return next((dtype for dtype in PRECISIONS if dtype in present), default)


@dataclass(frozen=True)
class Tolerance:
    """The tolerance of one comparison.

    Attributes:
        precision: The coarsest dtype that either side computes in.
        rtol: Allowed error as a fraction of the element.
        share: Allowed error as a fraction of the output's largest element.
        atol: The user's absolute tolerance, which replaces `share`, or None.
        given: Whether the user gave one of them.
    """

    precision: str
    rtol: float
    share: float
    atol: float | None = None
    given: bool = False

    def allowed(
        self,
        expected: Array,
        magnitude: float,
        output_scale: float = 0.0,
        input_scale: float = 1.0,
    ) -> Array:
        """Return the largest error that passes, element by element.

        Args:
            expected: Keras's output in float64.
            magnitude: The largest value of that output on inputs of that kind.
            output_scale: The largest value of that output on ordinary inputs.
            input_scale: The largest input of the run, if sums lie between.
        """
        row = PRECISIONS[self.precision]
        floor = self.atol
        if floor is None:
            floor = self.share * magnitude * input_scale + 4 * row.eps * output_scale
        return self.rtol * np.abs(expected) + floor + row.smallest_normal

    def ulps(self, expected: Array, error: Array) -> Array:
        """Return errors in units in the last place (ULPs) of the expected numbers."""
        row = PRECISIONS[self.precision]
        exponents = np.frexp(np.maximum(np.abs(expected), row.smallest_normal))[1]
        return np.asarray(error / np.ldexp(row.eps, exponents - 1))


def tolerance(
    precision: str, rtol: float | None = None, atol: float | None = None
) -> Tolerance:
    """Return the tolerance for a dtype: the user's where given, else the table's.

    Raises:
        OptionError: `rtol` or `atol` is no number, negative or not finite.
    """
    check_tolerances(rtol, atol)
    row = PRECISIONS[precision]
    given = rtol is not None or atol is not None
    rtol = row.rtol if rtol is None else rtol
    return Tolerance(precision, rtol, row.share, atol, given)
