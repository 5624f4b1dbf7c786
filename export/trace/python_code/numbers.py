"""Numbers of Python that are unknown until the model runs: sizes, and what follows.

`ops.shape(x)[1]` is an integer of Python wherever Keras computes: its quotient is a
double, and beside a tensor it takes the tensor's dtype. So it is here: the operators of
`TracedNumber` compute in int32 and float64, and `beside_tensors` gives a number the
dtype that an operation would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import ACTIVE
from keras_acts.export.trace.tensors import TracedTensor, map_leaves


class NumberSpec(KerasTensor):
    """The spec of a `TracedNumber`: a scalar int32, float64 or bool."""

    def __init__(self, dtype: str) -> None:
        super().__init__((), dtype, record_history=False, name="traced_number")


class TracedNumber(TracedTensor):
    """A number of Python whose value is unknown until the model runs."""

    is_number = True

    __hash__ = TracedTensor.__hash__

    def __eq__(self, other: object) -> Any:
        return _or_tensor("__eq__", "numpy.Equal", self, other)

    def __ne__(self, other: object) -> Any:
        return _or_tensor("__ne__", "numpy.NotEqual", self, other)

    def __ceil__(self) -> Any:
        return _rounded("numpy.Ceil", self)

    def __floor__(self) -> Any:
        return _rounded("numpy.Floor", self)

    def __trunc__(self) -> Any:
        return _rounded("numpy.Trunc", self)

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None or self.dtype != "float64":
            return _rounded("numpy.Round", self)
        return _record("numpy.Round", (self,), "float64", decimals=ndigits)

    def __pos__(self) -> Any:
        return self

    def __neg__(self) -> Any:
        return _record("numpy.Negative", (_integer(self),))

    def __abs__(self) -> Any:
        return _record("numpy.Absolute", (_integer(self),))

    def __invert__(self) -> Any:
        if self.dtype == "bool":
            return super().__invert__()
        return -self - 1

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        """Compute one of NumPy's functions, of numbers or of numbers and arrays."""
        if method != "__call__" or kwargs or ufunc.__name__ not in _UFUNCS:
            return NotImplemented
        given = [x.item() if isinstance(x, np.generic) else x for x in inputs]
        return _UFUNCS[ufunc.__name__](*given)


def is_number(x: Any) -> bool:
    """Whether something is a number of Python, known or not."""
    return isinstance(x, TracedNumber | bool | int | float | np.generic)


def _record(kind: str, operands: Any, result: str = "", **options: Any) -> Any:
    """Record an operation on numbers of one dtype, that of the first by default."""
    recorder = ACTIVE.get()
    if recorder is None:
        return NotImplemented
    spec = NumberSpec(
        result or next(x.dtype for x in operands if isinstance(x, TracedNumber))
    )
    operation = reads.operation(kind, **options)
    return recorder.record_node(kind, operands, {}, spec, operation)


def _cast(x: Any, dtype: str) -> Any:
    """Return a number as int32 or float64."""
    if isinstance(x, TracedNumber):
        if x.dtype == dtype:
            return x
        return _record("core.Cast", (x,), dtype, dtype=dtype)
    return float(x) if dtype == "float64" else int(x)


def _integer(x: Any) -> Any:
    """Return a number, with an integer for a boolean."""
    is_bool = x.dtype == "bool" if isinstance(x, TracedNumber) else isinstance(x, bool)
    return _cast(x, "int32") if is_bool else x


def _is_float(x: Any) -> bool:
    if isinstance(x, TracedNumber):
        return bool(x.dtype == "float64")
    return isinstance(x, float | np.floating)


def _rounded(kind: str, x: TracedNumber) -> Any:
    """Return the integer next to a number."""
    if x.dtype != "float64":
        return _integer(x)
    return _cast(_record(kind, (x,), "float64"), "int32")


def _arithmetic(kind: str, a: Any, b: Any) -> Any:
    """Return a sum, product or the like of two numbers, a double if one of them is."""
    fraction = kind == "numpy.Power" and isinstance(b, int) and b < 0
    is_float = kind == "numpy.TrueDivide" or fraction or _is_float(a) or _is_float(b)
    dtype = "float64" if is_float else "int32"
    return _record(kind, (_cast(a, dtype), _cast(b, dtype)), dtype)


def _comparison(kind: str, a: Any, b: Any) -> Any:
    """Return whether a relation holds between two numbers."""
    dtype = "float64" if _is_float(a) or _is_float(b) else "int32"
    return _record(kind, (_cast(a, dtype), _cast(b, dtype)), "bool")


def _bitwise(kind: str, a: Any, b: Any) -> Any:
    """Return bits of two integers; of two booleans, a boolean."""
    if all(isinstance(x, bool) or getattr(x, "dtype", "") == "bool" for x in (a, b)):
        return _record(kind.replace("Bitwise", "Logical"), (a, b), "bool")
    return _record(kind, (_cast(a, "int32"), _cast(b, "int32")), "int32")


_BINARY: dict[str, tuple[Callable[[str, Any, Any], Any], str]] = {
    "add": (_arithmetic, "numpy.Add"),
    "and": (_bitwise, "numpy.BitwiseAnd"),
    "floordiv": (_arithmetic, "numpy.FloorDivide"),
    "lshift": (_bitwise, "numpy.BitwiseLeftShift"),
    "mod": (_arithmetic, "numpy.Mod"),
    "mul": (_arithmetic, "numpy.Multiply"),
    "or": (_bitwise, "numpy.BitwiseOr"),
    "pow": (_arithmetic, "numpy.Power"),
    "rshift": (_bitwise, "numpy.BitwiseRightShift"),
    "sub": (_arithmetic, "numpy.Subtract"),
    "truediv": (_arithmetic, "numpy.TrueDivide"),
    "xor": (_bitwise, "numpy.BitwiseXor"),
}
"""How an operator of two numbers is recorded, and as which operation."""

_COMPARISONS = {
    **{"eq": "numpy.Equal", "ge": "numpy.GreaterEqual", "gt": "numpy.Greater"},
    **{"le": "numpy.LessEqual", "lt": "numpy.Less", "ne": "numpy.NotEqual"},
}


def _or_tensor(
    method: str, kind: str, a: Any, b: Any, compute: Any = _comparison
) -> Any:
    """Compute with two numbers, or leave it to the operator of tensors."""
    if is_number(b) and ACTIVE.get() is not None:
        return compute(kind, a, b)
    operator = getattr(TracedTensor, method, None)
    return NotImplemented if operator is None else operator(a, b)


def _define_operators() -> None:
    """Give `TracedNumber` the operators of the tables above."""
    for name, (compute, kind) in _BINARY.items():

        def forward(
            self: Any, other: Any, name: str = name, kind: str = kind, f: Any = compute
        ) -> Any:
            return _or_tensor(f"__{name}__", kind, self, other, f)

        def reflected(
            self: Any, other: Any, name: str = name, kind: str = kind, f: Any = compute
        ) -> Any:
            def swapped(kind: str, a: Any, b: Any) -> Any:
                return f(kind, b, a)

            return _or_tensor(f"__r{name}__", kind, self, other, swapped)

        setattr(TracedNumber, f"__{name}__", forward)
        setattr(TracedNumber, f"__r{name}__", reflected)
    for name, kind in _COMPARISONS.items():
        if name in ("eq", "ne"):
            continue

        def compare(self: Any, other: Any, name: str = name, kind: str = kind) -> Any:
            return _or_tensor(f"__{name}__", kind, self, other)

        setattr(TracedNumber, f"__{name}__", compare)


_define_operators()


def _function(kind: str) -> Callable[[Any], Any]:
    """Return a function of NumPy of one number, whose result is a double."""

    def compute(x: Any) -> Any:
        return _record(kind, (_cast(x, "float64"),), "float64")

    return compute


def _by_operator(name: str) -> Callable[[Any, Any], Any]:
    """Return a function of NumPy that is an operator, of numbers or arrays."""

    def compute(a: Any, b: Any) -> Any:
        if isinstance(a, TracedNumber):
            return getattr(a, f"__{name}__")(b)
        swapped = _SWAPPED.get(name, name if name in _COMPARISONS else f"r{name}")
        return getattr(b, f"__{swapped}__")(a)

    return compute


def _extreme(name: str, kind: str) -> Callable[[Any, Any], Any]:
    """Return `np.maximum` or `np.minimum`, of numbers or arrays."""

    def compute(a: Any, b: Any) -> Any:
        if is_number(a) and is_number(b):
            return _arithmetic(kind, a, b)
        return getattr(keras.ops, name)(a, b)

    return compute


_SWAPPED = {"ge": "le", "gt": "lt", "le": "ge", "lt": "gt"}

_UFUNCS: dict[str, Callable[..., Any]] = {
    **{f: _function(f"numpy.{f.capitalize()}") for f in ("ceil", "exp", "floor")},
    **{f: _function(f"numpy.{f.capitalize()}") for f in ("log", "log2", "sqrt")},
    **{f: _function("numpy.Round") for f in ("rint",)},
    **{f: _function("numpy.Trunc") for f in ("trunc",)},
    **{f: _by_operator(f) for f in ("add",)},
    "divide": _by_operator("truediv"),
    "equal": _by_operator("eq"),
    "floor_divide": _by_operator("floordiv"),
    "greater": _by_operator("gt"),
    "greater_equal": _by_operator("ge"),
    "bitwise_and": _by_operator("and"),
    "bitwise_or": _by_operator("or"),
    "bitwise_xor": _by_operator("xor"),
    "less": _by_operator("lt"),
    "less_equal": _by_operator("le"),
    "maximum": _extreme("maximum", "numpy.Maximum"),
    "minimum": _extreme("minimum", "numpy.Minimum"),
    "multiply": _by_operator("mul"),
    "not_equal": _by_operator("ne"),
    "power": _by_operator("pow"),
    "remainder": _by_operator("mod"),
    "subtract": _by_operator("sub"),
    "true_divide": _by_operator("truediv"),
}
"""How each of NumPy's functions of numbers is computed, by its name."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: _UFUNCS[name] for name in ("exp", "log", "log2", "sqrt")
}
"""Functions of `math` that return doubles, for numbers unknown until the model runs."""


def integer(x: Any) -> Any:
    """Return `int(x)`, of a number that may be unknown until the model runs."""
    return x.__trunc__() if isinstance(x, TracedNumber) else int(x)


def double(x: Any) -> Any:
    """Return `float(x)`, of a number that may be unknown until the model runs."""
    return _cast(x, "float64") if isinstance(x, TracedNumber) else float(x)


_EXACT = frozenset(("core.Cast", "core.SaturateCast"))

_PROMOTING = frozenset(
    f"numpy.{name}"
    for name in (
        *("Add", "Divide", "Equal", "FloorDivide", "Greater", "GreaterEqual", "Less"),
        *("LessEqual", "Maximum", "Minimum", "Mod", "Multiply", "NotEqual", "Power"),
        *("Subtract", "TrueDivide", "Where"),
    )
)


def beside_tensors(kind: str, arguments: Any) -> Any:
    """Give the numbers among an operation's arguments the dtypes that Keras would.

    A double takes the dtype of the floats beside it, or the default; an integer that
    of the integers beside it, where the operation brings both to one dtype.
    """
    if kind in _EXACT:
        return arguments
    leaves: list[Any] = []
    map_leaves(leaves.append, arguments)
    if not any(isinstance(x, TracedNumber) for x in leaves):
        return arguments
    dtypes = [_dtype(x) for x in leaves]
    floats = [one for one in dtypes if one and keras.backend.is_float_dtype(one)]
    integers = [one for one in dtypes if one and keras.backend.is_int_dtype(one)]
    double = _common(floats) or keras.config.floatx()
    narrow = _common(integers) if kind in _PROMOTING and not floats else None

    def leaf(x: Any) -> Any:
        if not isinstance(x, TracedNumber):
            return x
        if x.dtype == "float64" and double != "float64":
            return keras.ops.cast(x, double)
        if x.dtype == "int32" and narrow not in (None, "int32", "int64"):
            return keras.ops.cast(x, narrow)
        return x

    return map_leaves(leaf, arguments)


def _dtype(x: Any) -> str | None:
    """Return the dtype of a tensor or array, None for numbers and all else."""
    if isinstance(x, TracedNumber) or not hasattr(x, "dtype"):
        return None
    dtype: str = keras.backend.standardize_dtype(x.dtype)
    return dtype


def _common(dtypes: list[str]) -> str | None:
    return keras.backend.result_type(*dtypes) if dtypes else None


def traced(spec: Any) -> Any:
    """Return a new traced tensor of a shape and dtype, None for None."""
    if spec is None:
        return None
    cls = TracedNumber if isinstance(spec, NumberSpec) else TracedTensor
    return cls(tuple(spec.shape), spec.dtype)
