"""The softmax family: probabilities along one axis or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.loops import loop
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.lowering.table import form, lower
from keras_acts.export.lowering.values import expm1, log_one_plus, scalar_like
from keras_acts.functional._axes import missing_axes
from keras_acts.functional.softmax.entmax import BISECTIONS, LEAST, LOWEST, STEPS

Axes = int | Sequence[int] | None


def _normalized_axes(g: GraphBuilder, x: ir.Value, axis: Axes) -> list[int]:
    """Return the axes as non-negative integers; None stands for all."""
    rank = g.rank(x)
    axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    return [single % rank for single in axes]


def _is_unmasked(x: ir.Value, axis: Axes = -1, mask: Any = None, **_: Any) -> bool:
    """Whether a call has no mask."""
    return mask is None


def _has_one_axis(x: ir.Value, axis: Axes = -1, mask: Any = None) -> bool:
    axes = range(len(x.shape or ())) if axis is None else axis
    return mask is None and (isinstance(axes, int) or len(axes) == 1)


@form("softmax", when=_has_one_axis, why="the standard operator, one vectorized kernel")
def softmax_operator(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    """Map to the operator Softmax."""
    return g.Softmax(x, axis=_normalized_axes(g, x, axis)[0])


@form(
    "softmax", when=_is_unmasked, why="Softmax takes one axis, reductions take several"
)
def softmax_quotient(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    """Map to `exp(x - max) / sum(exp(x - max))` over several axes."""
    axes = _normalized_axes(g, x, axis)
    e = g.Exp(_minus_max(g, x, axes))
    return g.Div(e, reduce(g, "ReduceSum", e, axes, keepdims=True))


@form("log_softmax", when=_has_one_axis, why="the standard operator, one kernel")
def log_softmax_operator(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    """Map to the operator LogSoftmax."""
    return g.LogSoftmax(x, axis=_normalized_axes(g, x, axis)[0])


@form("log_softmax", when=_is_unmasked, why="LogSoftmax takes one axis only")
def log_softmax_difference(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    """Map to `x - max - log(sum(exp(x - max)))` over several axes."""
    axes = _normalized_axes(g, x, axis)
    z = _minus_max(g, x, axes)
    return g.Sub(z, g.Log(reduce(g, "ReduceSum", g.Exp(z), axes, keepdims=True)))


def _minus_max(g: GraphBuilder, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    """Return x minus its largest element along axes."""
    return g.Sub(x, reduce(g, "ReduceMax", x, axes, keepdims=True))


@form("softmax", why="-inf where the mask is false, and 0 there after it")
def softmax_masked(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    """Map to a softmax of x with -inf where the mask is false, and 0 there after it."""
    return _masked(g, "softmax", x, axis, mask, 0.0)


@form("log_softmax", why="-inf where the mask is false, before and after it")
def log_softmax_masked(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    """Map to a log softmax with -inf where the mask is false, before and after it."""
    return _masked(g, "log_softmax", x, axis, mask, float("-inf"))


def _masked(
    g: GraphBuilder,
    name: str,
    x: ir.Value,
    axis: Axes,
    mask: Any,
    dropped: float,
    **arguments: Any,
) -> ir.Value:
    """Apply an activation where the mask is true; elsewhere the result is `dropped`."""
    keep = _keep_mask(g, x, mask)
    lowest = scalar_like(g, float("-inf"), x)
    kept = g.with_shape(g.Where(keep, x, lowest), g.static_shape(x))
    y = lower(name, g, kept, axis=axis, **arguments)
    return g.Where(keep, y, scalar_like(g, dropped, x))


def _keep_mask(g: GraphBuilder, x: ir.Value, mask: ir.Value) -> ir.Value:
    """Return a boolean mask that broadcasts to `x`."""
    keep = mask if mask.dtype == ir.DataType.BOOL else g.Greater(mask, 0.5)
    missing = missing_axes(g.static_shape(mask), g.static_shape(x))
    return g.Unsqueeze(keep, [*range(-missing, 0)]) if missing else keep


@form("softmin", why="the softmax of -x")
def softmin(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    """Map to the softmax of -x."""
    negated = g.Neg(x)
    return lower("softmax", g, negated, axis=axis, mask=mask)


@form("softmax_one", when=_is_unmasked, why="a softmax beside an element of 0")
def softmax_one(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    """Map to `exp(x - m) / (exp(-m) + sum(exp(x - m)))` with `m = max(x, 0)`."""
    axes = _normalized_axes(g, x, axis)
    top = g.Relu(reduce(g, "ReduceMax", x, axes, keepdims=True))
    e = g.Exp(g.Sub(x, top))
    total = reduce(g, "ReduceSum", e, axes, keepdims=True)
    return g.Div(e, g.Add(total, g.Exp(g.Neg(top))))


@form("softmax_one", why="-inf where the mask is false, and 0 there after it")
def softmax_one_masked(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    """Map to the form of x with -inf where the mask is false, and 0 after it."""
    return _masked(g, "softmax_one", x, axis, mask, 0.0)


@form(
    "gumbel_softmax",
    when=lambda x, hard=False, **_: not hard,
    why="inference adds no noise: a softmax",
)
def gumbel_softmax(
    g: GraphBuilder, x: ir.Value, axis: int = -1, temperature: float = 1.0, **_: Any
) -> ir.Value:
    """Map to the softmax of `(x - max) / temperature`."""
    z = _minus_max(g, x, [axis % g.rank(x)])
    return g.Softmax(g.Div(z, temperature), axis=axis % g.rank(x))


@form("gumbel_softmax", why="the largest element alone, in every dtype")
def gumbel_softmax_hard(
    g: GraphBuilder, x: ir.Value, axis: int = -1, **_: Any
) -> ir.Value:
    """Map to ArgMax and OneHot."""
    axis %= g.rank(x)
    largest = g.ArgMax(x, axis=axis, keepdims=0)
    values = g.constant(np.asarray([0, 1], require_dtype(x).numpy()))
    return g.OneHot(largest, g.size(x, axis), values, axis=axis)


def _descending(
    g: GraphBuilder, x: ir.Value, axis: int
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return the elements sorted in descending order, their partial sums and ranks."""
    ordered, _ = g.TopK(x, g.size(x, axis), axis=axis, outputs=2)
    return ordered, _cumulative_sums(g, ordered, axis), _ranks(g, x, axis)


def _cumulative_sums(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    return g.CumSum(x, np.asarray(axis, np.int64))


def _ranks(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return the numbers 1, 2, … along an axis."""
    count, after = g.static_shape(x)[axis], range(1, g.rank(x) - axis)
    if count is not None:
        ranks = np.arange(1, count + 1, dtype=require_dtype(x).numpy())
        return g.constant(ranks.reshape(-1, *[1 for _ in after]))
    end = g.Add(g.Squeeze(g.size(x, axis)), 1)
    counted = g.cast(g.Range(1, end, 1), require_dtype(x))
    return g.Unsqueeze(counted, list(after)) if after else counted


def _candidates(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return `max(x - max(x), -1)`; what is lower can't be in the support."""
    return g.Max(_minus_max(g, x, [axis]), -1.0)


@form(
    "sparsemax",
    when=_is_unmasked,
    why="the threshold is the largest of those of the sorted prefixes",
)
def sparsemax(
    g: GraphBuilder, x: ir.Value, axis: int = -1, mask: None = None
) -> ir.Value:
    """Map to `relu(z - threshold)`, with the largest threshold of sorted prefixes."""
    axis %= g.rank(x)
    z = _candidates(g, x, axis)
    _, sums, ranks = _descending(g, z, axis)
    thresholds = g.Div(g.Sub(sums, 1.0), ranks)
    return g.Relu(g.Sub(z, reduce(g, "ReduceMax", thresholds, [axis], keepdims=True)))


@form(
    "entmax15",
    when=_is_unmasked,
    why="as sparsemax, among the thresholds below their element",
)
def entmax15(
    g: GraphBuilder, x: ir.Value, axis: int = -1, mask: None = None
) -> ir.Value:
    """Map to `relu(z - threshold)²`, with the largest threshold below its element."""
    axis %= g.rank(x)
    halved = g.Mul(x, 0.5)
    z = _candidates(g, halved, axis)
    ordered, sums, ranks = _descending(g, z, axis)
    mean = g.Div(sums, ranks)
    square = g.Div(_cumulative_sums(g, g.Mul(ordered, ordered), axis), ranks)
    gap = g.Sub(g.Add(g.Reciprocal(ranks), g.Mul(mean, mean)), square)
    thresholds = g.Sub(mean, g.Sqrt(g.Relu(gap)))
    valid = g.Where(g.Greater(ordered, thresholds), thresholds, scalar_like(g, -1.0, z))
    p = g.Relu(g.Sub(z, reduce(g, "ReduceMax", valid, [axis], keepdims=True)))
    return g.Mul(p, p)


def _register_masked(name: str) -> None:
    """Register the form of a sparse distribution over what a mask keeps."""

    @form(name, why="-inf where the mask is false, and 0 there after it")
    def masked(
        g: GraphBuilder, x: ir.Value, axis: int = -1, mask: Any = None
    ) -> ir.Value:
        """Map to the form of x with -inf where the mask is false, and 0 after it."""
        return _masked(g, name, x, axis, mask, 0.0)


for _name in ("sparsemax", "entmax15"):
    _register_masked(_name)


@form("keras_sparsemax", why="Keras's own formula, which adds up partial sums")
def keras_sparsemax(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
    """Map to Keras's formula, with its sums over the support."""
    axis %= g.rank(x)
    ordered, sums, ranks = _descending(g, x, axis)
    support = g.Greater(g.Sub(ordered, g.Div(g.Sub(sums, 1.0), ranks)), 0.0)
    inside = g.Where(support, sums, scalar_like(g, 0.0, x))
    size = reduce(
        g, "ReduceSum", g.cast(support, require_dtype(x)), [axis], keepdims=True
    )
    total = reduce(g, "ReduceSum", inside, [axis], keepdims=True)
    return g.Relu(g.Sub(x, g.Div(g.Sub(total, 1.0), size)))


_EXACT = {1: "softmax", 1.5: "entmax15", 2: "sparsemax"}


def _is_exact(x: ir.Value, alpha: Any = 1.5, **_: Any) -> bool:
    return isinstance(alpha, int | float) and alpha in _EXACT


@form("entmax", when=_is_exact, why="the softmax, or found by sorting")
def entmax_exact(
    g: GraphBuilder, x: ir.Value, alpha: Any = 1.5, axis: int = -1, mask: Any = None
) -> ir.Value:
    """Map to the softmax, 1.5-entmax or sparsemax that it is."""
    return lower(_EXACT[alpha], g, x, axis=axis, mask=mask)


@form("entmax", when=_is_unmasked, why="Newton's method, a dozen steps in a Loop")
def entmax(
    g: GraphBuilder, x: ir.Value, alpha: Any = 1.5, axis: int = -1, mask: None = None
) -> ir.Value:
    """Map to `exp(log(1 + e * (z - s)) / e)`, with the s that makes the sum 1.

    With `z = x - max(x)` and `e = alpha - 1`, as the function computes it.
    """
    axis %= g.rank(x)
    halves = isinstance(alpha, int | float) and alpha > 2
    if isinstance(alpha, int | float):
        e: Any = scalar_like(g, max(alpha - 1, LEAST), x)
    else:
        e = g.Clip(g.Sub(alpha, 1.0), LEAST, 1.0)
    sums = _Sums(g, _minus_max(g, x, [axis]), e, axis)
    top = reduce(g, "ReduceMax", x, [axis], keepdims=True)
    low = g.Sub(top, top)
    count = g.cast(g.size(x, axis), require_dtype(x))
    width = g.Div(g.Neg(expm1(g, g.Neg(g.Mul(g.Log(count), e)))), e)
    high = g.with_shape(g.Add(low, width), g.static_shape(low))

    def step(number: ir.Value, carried: list[ir.Value]) -> tuple[Any, Any]:
        return sums.step(number, carried, halves), []

    steps = _integer(g, BISECTIONS if halves else STEPS)
    (s, _, _), _ = loop(g, step, [low, low, high], count=steps)
    for _ in range(2):
        found, slope = sums.at(s)
        s = g.Add(s, g.Div(g.Sub(found, 1.0), slope))
    parts = sums.parts(s)
    return g.Div(parts, reduce(g, "ReduceSum", parts, [axis], keepdims=True))


def _integer(g: GraphBuilder, value: int) -> ir.Value:
    """Return an integer as a scalar."""
    return g.constant(np.asarray(value, np.int64))


class _Sums:
    """The parts of an entmax, their sum, and its derivative, as functions of s."""

    def __init__(self, g: GraphBuilder, z: ir.Value, e: ir.Value, axis: int) -> None:
        self.g, self.z, self.e, self.axis = g, z, e, axis

    def _logarithm(self, s: ir.Value) -> tuple[ir.Value, ir.Value]:
        """Return `log(1 + e * y) / e` for `y = z - s`, and where it is undefined."""
        g = self.g
        y = g.Sub(self.z, s)
        w = g.Mul(y, self.e)
        outside = g.Or(g.LessOrEqual(g.Add(w, 1.0), 0.0), g.LessOrEqual(y, LOWEST))
        w = g.Where(outside, scalar_like(g, 0.0, y), w)
        log, more, rounded = log_one_plus(g, w)
        log = g.Add(log, g.Div(g.Sub(w, rounded), more))
        return g.Div(log, self.e), outside

    def _exp(self, logarithm: ir.Value, outside: ir.Value) -> ir.Value:
        zero = scalar_like(self.g, 0.0, self.z)
        return self.g.Where(outside, zero, self.g.Exp(logarithm))

    def parts(self, s: ir.Value) -> ir.Value:
        """Return the elements of the result."""
        return self._exp(*self._logarithm(s))

    def at(self, s: ir.Value) -> tuple[ir.Value, ir.Value]:
        """Return the sum of the parts, and minus its derivative."""
        g = self.g
        logarithm, outside = self._logarithm(s)
        less = g.Mul(logarithm, g.Sub(scalar_like(g, 1.0, self.e), self.e))
        found, slope = (
            reduce(g, "ReduceSum", self._exp(one, outside), [self.axis], keepdims=True)
            for one in (logarithm, less)
        )
        return found, slope

    def step(
        self, number: ir.Value, carried: list[ir.Value], halves: bool
    ) -> list[ir.Value]:
        """Return the next s and the interval that holds it."""
        g, (s, low, high) = self.g, carried
        found, slope = self.at(s)
        low = g.Where(g.GreaterOrEqual(found, 1.0), s, low)
        high = g.Where(g.Less(found, 1.0), s, high)
        power = expm1(g, g.Neg(g.Mul(g.Log(found), self.e)))
        moved = g.Sub(s, g.Div(g.Mul(found, power), g.Mul(slope, self.e)))
        inside = g.And(g.GreaterOrEqual(moved, low), g.LessOrEqual(moved, high))
        if halves:
            late = g.GreaterOrEqual(number, _integer(g, STEPS))
            even = g.Equal(g.Mod(number, _integer(g, 2)), _integer(g, 0))
            inside = g.And(inside, g.Not(g.And(late, even)))
        middle = g.Mul(g.Add(low, high), 0.5)
        shape = g.static_shape(s)
        found = g.Where(inside, moved, middle)
        return [g.with_shape(value, shape) for value in (found, low, high)]


@form("entmax", why="-inf where the mask is false, and 0 there after it")
def entmax_masked(
    g: GraphBuilder, x: ir.Value, alpha: Any = 1.5, axis: int = -1, mask: Any = None
) -> ir.Value:
    """Map to the form of x with -inf where the mask is false, and 0 after it."""
    return _masked(g, "entmax", x, axis, mask, 0.0, alpha=alpha)
