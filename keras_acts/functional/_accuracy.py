"""How exact the activations are, on every backend and in every float dtype.

The tests hold each activation to its row here, and each row to what the tests hold it
to. What has no row is as the defaults of `Accuracy` say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Accuracy:
    """The largest errors of an activation and of its gradient.

    Whichever bound is wider holds. Subnormal numbers may be flushed to 0.

    Attributes:
        ulps: Of a value, in units in the last place of the true one.
        absolute: Of a value, in epsilons of the dtype.
        gradient_ulps: Of the derivative, in units in its last place.
        gradient_absolute: Of the derivative, in epsilons of the dtype.
        along_axes: Whether elements are mixed along axes: the units are those of the
            largest output then, and of gradients nothing is said.
        reason: Why it is not less.
    """

    ulps: float = 4
    absolute: float = 0
    gradient_ulps: float = 8
    gradient_absolute: float = 2
    along_axes: bool = False
    reason: str = ""

    def __str__(self) -> str:
        if self.along_axes:
            text = f"{_exact(self.ulps)}, of the largest output"
        else:
            value = _bound(self.ulps, self.absolute)
            gradient = _bound(self.gradient_ulps, self.gradient_absolute)
            text = f"{value}; the gradient {gradient}"
        return f"{text[0].upper()}{text[1:]}. {self.reason}".rstrip()


def _bound(ulps: float, absolute: float) -> str:
    text = _exact(ulps)
    return (
        f"{text} or {absolute:g} epsilon{'s' * (absolute != 1)}" if absolute else text
    )


def _exact(ulps: float) -> str:
    named = {0: "exact", 0.5: "correctly rounded"}
    return named.get(ulps) or f"within {ulps:g} units in the last place"


_EXACT = Accuracy(ulps=0, gradient_ulps=0, gradient_absolute=0)
_ROUNDED = Accuracy(ulps=0.5, gradient_ulps=0, gradient_absolute=0)
_SUM = "Where the sum crosses 0, its terms' rounding is left."
_EXPONENT = "A rounded quotient or product t moves the tail, e^t, by t units."
_FACTOR = (
    "Where a factor of the value or of the derivative crosses 0, its rounding is left."
)
_NEAR_ZERO = Accuracy(absolute=2, reason=_FACTOR)
_MIXED = Accuracy(ulps=16, along_axes=True)
_TANH = "TensorFlow's tanh is off by as much."

ACCURACY: Mapping[str, Accuracy] = MappingProxyType(
    {
        **dict.fromkeys(("Linear", "ReLU6", "ThresholdedReLU", "TLU"), _EXACT),
        **dict.fromkeys(
            ("Threshold", "HardShrink", "SoftShrink", "HardTanh"), _ROUNDED
        ),
        **dict.fromkeys(("CReLU", "ChannelMaxout"), Accuracy(ulps=0, along_axes=True)),
        **dict.fromkeys(
            ("TeLU", "GoLU", "Laplace", "SERLU", "ACONB", "ACONC", "XIELU"), _NEAR_ZERO
        ),
        **dict.fromkeys(
            (
                *("GLU", "ReGLU", "GEGLU", "SwiGLU", "ClippedSwiGLU", "Maxout"),
                *("APReLU", "MetaACON", "FReLU", "DYReLU", "PolyNorm", "Rational"),
                *("Softmax", "LogSoftmax", "Softmin", "SoftmaxOne"),
                *("Sparsemax", "Entmax15", "Sine"),
            ),
            _MIXED,
        ),
        "CELU": Accuracy(absolute=0.5, reason=_EXPONENT),
        "PELU": Accuracy(absolute=0.5, reason=_EXPONENT),
        "Softplus": Accuracy(absolute=0.5, reason=_EXPONENT),
        "Mish": Accuracy(
            absolute=1e-29,
            reason="The left tail is 0 a little before its true value is.",
        ),
        "GELU": Accuracy(
            absolute=1,
            reason="The left tail's exponent is rounded, which moves it by x² units.",
        ),
        "DyT": Accuracy(ulps=8, absolute=4, reason=_SUM),
        "Snake": Accuracy(reason="A rounded phase moves the gradient by that part."),
        "SReLU": Accuracy(absolute=2, reason=_SUM),
        "Sigmoid": Accuracy(ulps=5),
        "HardSigmoid": Accuracy(absolute=1, reason=_SUM),
        "StarReLU": Accuracy(absolute=1, reason=_SUM),
        "Swish": Accuracy(
            ulps=7,
            absolute=0.05,
            gradient_ulps=20,
            reason="Rounding beta x moves the left tail by beta x units.",
        ),
        "ELiSH": Accuracy(
            absolute=2, gradient_ulps=20, reason=f"As Swish above 0. {_FACTOR}"
        ),
        "Tanh": Accuracy(ulps=8, reason=_TANH),
        "TanhShrink": Accuracy(ulps=6, gradient_ulps=16, reason=_TANH),
        "LiSHT": Accuracy(ulps=8, reason=_TANH),
        "GatedDense": Accuracy(
            ulps=32, along_axes=True, reason="Both factors are rounded sums."
        ),
        "GumbelSoftmax": Accuracy(
            ulps=32,
            along_axes=True,
            reason="A low temperature makes exponents larger, and their rounding.",
        ),
        "Entmax": Accuracy(
            ulps=64,
            along_axes=True,
            reason="Sparser ones multiply the rounding of the threshold near the "
            "border of what is 0: with a fixed alpha up to 1.5 it is 16.",
        ),
    }
)
"""What is not as the defaults say, by the name of the layer."""


def accuracy_of(name: str) -> Accuracy:
    """Return the largest errors of an activation by the name of its layer."""
    return ACCURACY.get(name, Accuracy())
