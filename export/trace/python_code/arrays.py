"""Arrays that a layer holds, so that its code can take parts of them by traced sizes.

`self.table[:n]` asks the size n for an integer that NumPy, or the backend, computes
with; there is none. Where the code of a layer fails, it is tried on a copy of the layer
whose arrays know traced keys. The layer itself stays untouched.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import ACTIVE
from keras_acts.export.trace.python_code import numbers
from keras_acts.export.trace.python_code.frames import is_library
from keras_acts.export.trace.tensors import TracedTensor, array_of, has_traced


class SlicedArray(np.ndarray[Any, Any]):
    """An array whose parts may begin and end at traced numbers."""

    def __getitem__(self, key: Any) -> Any:
        if not has_traced(key):
            return super().__getitem__(key)
        part = constant(np.asarray(self))[key]
        part.is_array = True
        return part


class SlicedList(list[Any]):
    """A list of numbers, one of which is taken by a traced number."""

    def __getitem__(self, key: Any) -> Any:
        return _item(self, key) if has_traced(key) else super().__getitem__(key)


class SlicedTuple(tuple[Any, ...]):
    """A tuple of numbers, one of which is taken by a traced number."""

    def __getitem__(self, key: Any) -> Any:
        return _item(self, key) if has_traced(key) else super().__getitem__(key)


def _item(numbers_: list[Any] | tuple[Any, ...], key: Any) -> Any:
    """Return the number at a traced place."""
    recorder = ACTIVE.get()
    if isinstance(key, slice) or recorder is None:
        return [*numbers_][key]  # which raises an error
    is_float = any(isinstance(x, float) for x in numbers_)
    array = np.asarray([*numbers_], "float64" if is_float else "int32")
    spec = numbers.NumberSpec(str(array.dtype))
    operation = reads.operation("numpy.GetItem")
    return recorder.record_node(
        "numpy.GetItem", (constant(array), (key,)), {}, spec, operation
    )


def constant(value: Any) -> TracedTensor:
    """Return a traced tensor of a known value."""
    dtype = keras.backend.standardize_dtype(value.dtype)
    tensor = TracedTensor(tuple(value.shape), dtype)
    tensor.compute = lambda: value
    return tensor


class _Integer(type):
    """The class of a stand-in for `int` or `float`: `isinstance` asks for those."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, cls.__mro__[1])


class _Int(int, metaclass=_Integer):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], numbers.TracedNumber):
            return numbers.integer(args[0])
        return int(*args, **kwargs)


class _Float(float, metaclass=_Integer):
    def __new__(cls, *args: Any) -> Any:
        if args and isinstance(args[0], numbers.TracedNumber):
            return numbers.double(args[0])
        return float(*args)


class _Math(types.ModuleType):
    """The module `math`, with functions that take traced numbers."""

    def __getattr__(self, name: str) -> Any:
        original = getattr(math, name)
        traced = numbers.FUNCTIONS.get(name)
        if traced is None:
            return original

        def function(*args: Any) -> Any:
            return (traced if has_traced(args) else original)(*args)

        return function


_MATH = _Math("math")

_BUILTINS = {"float": _Float, "int": _Int}


def seen(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a layer's method on a copy whose arrays know traced keys."""
    function: Any = getattr(call, "__func__", None)
    layer = getattr(call, "__self__", None)
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if not isinstance(function, types.FunctionType) or layer is None:
        return call
    view = _View()
    copied = object.__new__(type(layer))
    vars(copied).update(
        {k: x if k in _OF_TORCH else view.of(x) for k, x in vars(layer).items()}
    )
    return types.MethodType(view.function(function), copied)


_OF_TORCH = ("_buffers", "_modules", "_parameters")


class _View:
    """Replaces arrays in structures and in the functions that refer to them."""

    def __init__(self) -> None:
        self._functions: dict[int, types.FunctionType] = {}

    def of(self, x: Any) -> Any:
        """Return a value whose arrays know traced keys, or the value itself."""
        if isinstance(x, np.ndarray):
            return x.view(SlicedArray) if x.dtype.kind in "biuf" else x
        if isinstance(x, keras.Variable | keras.Layer):
            return x
        if keras.ops.is_tensor(x):
            return constant(array_of(x))
        if isinstance(x, types.FunctionType) and not is_library(x.__globals__):
            return self.function(x)
        if isinstance(x, list) and x and all(map(_is_plain, x)):
            return SlicedList(x)
        if type(x) is tuple and x and all(map(_is_plain, x)):
            return SlicedTuple(x)
        if isinstance(x, list) and any(map(_is_array, x)):
            return [self.of(one) for one in x]
        if type(x) is tuple and any(map(_is_array, x)):
            return tuple(self.of(one) for one in x)
        if isinstance(x, dict) and any(map(_is_array, x.values())):
            return {key: self.of(one) for key, one in x.items()}
        return _MATH if x is math else x

    def function(self, function: types.FunctionType) -> types.FunctionType:
        """Return a copy of a function that refers to such values."""
        if id(function) in self._functions:
            return self._functions[id(function)]
        names = _names(function.__code__)
        stand_ins = {k: x for k, x in _BUILTINS.items() if k in names}
        scope = {**stand_ins, **function.__globals__}
        copied = types.FunctionType(
            function.__code__,
            scope,
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        copied.__kwdefaults__ = function.__kwdefaults__
        self._functions[id(function)] = copied
        scope.update({k: self.of(x) for k, x in scope.items() if k in names})
        closure = tuple(map(self._cell, function.__closure__ or ()))
        closed = types.FunctionType(
            function.__code__,
            scope,
            function.__name__,
            function.__defaults__,
            closure,
        )
        closed.__kwdefaults__ = function.__kwdefaults__
        self._functions[id(function)] = closed
        return closed

    def _cell(self, cell: types.CellType) -> types.CellType:
        try:
            value = cell.cell_contents
        except ValueError:  # not yet assigned
            return cell
        new = self.of(value)
        return cell if new is value else types.CellType(new)


def _names(code: types.CodeType) -> set[str]:
    """Return the names that a function, or one inside it, looks up."""
    found = set(code.co_names)
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            found |= _names(one)
    return found


def _is_plain(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) or keras.ops.is_tensor(x)
