"""Patches that make a variable's operators defer to those of a traced operand.

They are methods of a class put in front of the base classes of `keras.Variable`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_acts.export.trace.keras_patches import lookup, reads
from keras_acts.export.trace.protocol import ACTIVE
from keras_acts.export.trace.tensors import TracedTensor, has_traced

# Operators, and the ones that compute the same with the operands swapped.
REFLECTED = {
    **{
        f"__{name}__": f"__r{name}__"
        for name in (
            *("add", "and", "floordiv", "matmul", "mod", "mul"),
            *("or", "pow", "sub", "truediv", "xor"),
        )
    },
    **{"__eq__": "__eq__", "__ne__": "__ne__", "__lt__": "__gt__", "__gt__": "__lt__"},
    **{"__le__": "__ge__", "__ge__": "__le__"},
}


def with_operators(bases: tuple[type, ...]) -> tuple[type, ...]:
    """Return the base classes of a variable, with that of the operators first."""
    (backend_variable,) = bases
    methods: dict[str, Any] = {
        name: _operator(backend_variable, name) for name in REFLECTED
    }
    methods["__getitem__"] = _item(_method(backend_variable, "__getitem__"))
    methods["__hash__"] = backend_variable.__hash__  # `__eq__` would remove it
    return (type("TracedOperators", (), methods), *bases)


def _method(cls: type, name: str) -> Callable[..., Any]:
    """Return a method of a class, or raise `UnsupportedKerasError`."""
    # Not `super`: another thread may be inside an operator when the class is removed.
    method: Callable[..., Any] | None = getattr(cls, name, None)
    if method is None:
        lookup.refuse(f"{cls.__module__}:{cls.__name__}.{name}")
    return method


def _operator(cls: type, name: str) -> Callable[[Any, Any], Any]:
    """Return an operator that defers to the reflected one of a traced operand."""
    original, reflected = _method(cls, name), REFLECTED[name]

    def operator(self: Any, other: Any) -> Any:
        if ACTIVE.get() is None or not isinstance(other, TracedTensor):
            return original(self, other)
        return getattr(other, reflected)(self)

    return operator


def _item(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Wrap `__getitem__`, so that it records slices that end at traced sizes."""

    def get_item(self: Any, idx: Any) -> Any:
        if ACTIVE.get() is None or not has_traced(idx):
            return original(self, idx)
        return reads.operation("numpy.GetItem").symbolic_call(self, idx)

    return get_item
