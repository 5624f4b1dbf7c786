"""How far two answers may lie apart: one table by dtype, and the rule that reads it.

An element passes when

    |got - expected| <= rtol * |expected| + share * magnitude * stretch
                        + 4 * eps * scale + tiny

`magnitude` is the largest finite |expected| of that output in the runs on inputs of
that kind, `stretch` the largest input of the run, at least 1, `scale` the largest
|expected| in the runs on normally distributed inputs, `tiny` the smallest normal
number.

1. `rtol` alone would be useless where sums cancel or a tail runs out: the elements of
   one output come from the same sums, so the rounding of the large ones lands in the
   small ones too. `share` grants each element that rounding, whatever the scale of the
   output; a fixed absolute tolerance would be blind for small outputs and unfair to
   large ones. Runs of different scale are compared apart, so that a large one lends
   nothing to a small one; those of one scale together, since a lone number may be near
   0 by chance.
2. `stretch`: a softmax or a sigmoid keeps its size while the sums before it grow with
   the input, and their rounding with them. A lone activation has none: it is 1 there.
3. `4 * eps * scale` covers what small inputs lose beside ordinary numbers on the way:
   onnxruntime's Elu computes `exp(x) - 1`, which is 0 for x = 1e-30.
4. `tiny` covers subnormals, which TensorFlow and JAX flush to zero.
5. A user's own `atol` takes the place of the second and third term, as in
   `numpy.allclose`.

The float32 row leaves room for another order of the sums: ResNet50, DenseNet121,
EfficientNetB0 and MobileNetV3Small with random weights use at most a fourth of it on
every backend. It refuses a weight off by 1e-3, or an epsilon of 1e-5 in place of 1e-3,
in networks of a few layers. Half precision rounds each intermediate tensor, hence its
wide rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Precision:
    """A float dtype and how closely computations in it are held to agree.

    Attributes:
        eps: The distance from 1 to the next number.
        smallest_normal: The smallest number above the subnormals.
        largest: The largest finite number.
        rtol: Allowed error as a part of the element.
        share: Allowed error as a part of the output's largest element.
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
    """Return the largest finite absolute value, 0 where there is none."""
    size = np.abs(array.astype(np.float64))
    return float(size.max(initial=0.0, where=np.isfinite(size)))


def coarsest(dtypes: Iterable[str], default: str = "float32") -> str:
    """Return the float dtype of least precision; others are passed over."""
    present = set(dtypes)
    return next((dtype for dtype in PRECISIONS if dtype in present), default)


@dataclass(frozen=True)
class Tolerance:
    """The tolerance of one comparison.

    Attributes:
        precision: The coarsest dtype that either side computes in.
        rtol: Allowed error as a part of the element.
        share: Allowed error as a part of the output's largest element.
        atol: The user's absolute error in place of `share`, or None.
    """

    precision: str
    rtol: float
    share: float
    atol: float | None = None

    def allowed(
        self,
        expected: Array,
        magnitude: float,
        scale: float = 0.0,
        stretch: float = 1.0,
    ) -> Array:
        """Return the largest error that passes, element by element.

        Args:
            expected: Keras's answer in float64.
            magnitude: Its largest answer for that output to inputs of that kind.
            scale: Its largest answer for that output to ordinary inputs.
            stretch: The largest input of the run, where sums lie between.
        """
        row = PRECISIONS[self.precision]
        floor = self.atol
        if floor is None:
            floor = self.share * magnitude * stretch + 4 * row.eps * scale
        return self.rtol * np.abs(expected) + floor + row.smallest_normal

    def ulps(self, expected: Array, error: Array) -> Array:
        """Return errors in units in the last place of the expected numbers."""
        row = PRECISIONS[self.precision]
        exponents = np.frexp(np.maximum(np.abs(expected), row.smallest_normal))[1]
        units: Array = error / np.ldexp(row.eps, exponents - 1)
        return units


def tolerance(
    precision: str, rtol: float | None = None, atol: float | None = None
) -> Tolerance:
    """Return the table's tolerance for a dtype, or the user's where given.

    Raises:
        ValueError: `rtol` or `atol` is negative or not finite.
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is not None and not (np.isfinite(value) and value >= 0):
            raise ValueError(
                f"`{name}` must be a finite number, 0 or above, or None for the "
                f"dtype's own. Received: {name}={value!r}"
            )
    row = PRECISIONS[precision]
    return Tolerance(precision, row.rtol if rtol is None else rtol, row.share, atol)
