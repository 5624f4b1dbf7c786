"""The symbolic tensors of a trace, and structures that hold them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import keras
import numpy as np

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import ACTIVE
from keras_acts.export.trace.python_code.errors import UnknownValueError
from keras_acts.export.trace.python_code.frames import asked_by_model
from keras_acts.export.trace.python_code.operators import operator_pair
from keras_acts.export.trace.structure import map_structure


class TracedTensor(reads.DetachedTensor):
    """A symbolic tensor that belongs to a trace and to no Functional model.

    Code may ask for its value if it depends on weights and constants only.

    Attributes:
        compute: Computes the value with the backend; None if it has no value.
        expression: The kind and the operands of the operation that made a number, for
            what is known of its value; None for other tensors.
        is_zero: Whether it was created as zeros.
        is_number: Whether it stands for a number of Python.
        is_array: Whether it stands for an array of NumPy.
    """

    compute: Callable[[], Any] | None = None
    expression: tuple[str, tuple[Any, ...]] | None = None
    is_zero: bool = False
    is_number: bool = False
    is_array: bool = False

    def __init__(self, shape: Any, dtype: str, **kwargs: Any) -> None:
        super().__init__(
            shape, dtype, record_history=False, name="traced_tensor", **kwargs
        )

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes: None where unknown to Keras, a traced number to the model's code.

        There they are numbers when the model runs, so that `x.shape[1] % 4` is code
        that works, and `x.shape[1] == 8` not always false.
        """
        sizes = self.static_shape
        recorder = ACTIVE.get()
        if recorder is None or None not in sizes or not asked_by_model():
            return sizes
        return recorder.shape_for_model(self)

    @property
    def static_shape(self) -> tuple[Any, ...]:
        """The sizes, None where unknown, as Keras shows them."""
        sizes: tuple[Any, ...] = super().shape
        return sizes

    # NumPy's arrays and numbers defer operators to the traced tensor's own.
    __array_priority__ = 1e6

    @property
    def __jax_array__(self) -> Any:
        """Make JAX's arrays defer operators too, since this is no array."""
        raise AttributeError("A traced tensor is no array")

    __hash__ = reads.DetachedTensor.__hash__

    # `KerasTensor` lacks `==`: `ops.shape(x)[1] == 1` would compare identities and be
    # False.
    def __eq__(self, other: object) -> Any:
        return keras.ops.equal(self, other) if _is_data(other) else self is other

    def __ne__(self, other: object) -> Any:
        return (
            keras.ops.not_equal(self, other) if _is_data(other) else self is not other
        )

    __add__, __radd__ = operator_pair("add")
    __sub__, __rsub__ = operator_pair("sub")
    __mul__, __rmul__ = operator_pair("mul")
    __truediv__, __rtruediv__ = operator_pair("truediv")
    __floordiv__, __rfloordiv__ = operator_pair("floordiv")
    __mod__, __rmod__ = operator_pair("mod")
    __pow__, __rpow__ = operator_pair("pow")
    __matmul__, __rmatmul__ = operator_pair("matmul")

    # Keras's are logical; those of the backends' tensors bitwise, of integers.
    def __and__(self, other: Any) -> Any:
        return _bits("and", self, other)

    def __rand__(self, other: Any) -> Any:
        return _bits("and", other, self)

    def __or__(self, other: Any) -> Any:
        return _bits("or", self, other)

    def __ror__(self, other: Any) -> Any:
        return _bits("or", other, self)

    def __xor__(self, other: Any) -> Any:
        return _bits("xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return _bits("xor", other, self)

    def __invert__(self) -> Any:
        if self.dtype == "bool":
            return keras.ops.logical_not(self)
        return keras.ops.bitwise_not(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.compute is None:
            return super().__array__()  # which raises an error
        return np.array(array_of(self.compute()), dtype)

    def __iter__(self) -> Iterator[Any]:
        if not self.static_shape:
            return iter(super().__iter__())  # which raises an error
        if self.static_shape[0] is None:
            self._refuse(
                "iterated over: write `ops.map(step, x)`, or `ops.scan(step, init, x)` "
                "where a step needs the one before"
            )
        return iter([self[i] for i in range(self.static_shape[0])])

    def __bool__(self) -> bool:
        recorder = ACTIVE.get()
        is_one = set(self.static_shape) <= {1}
        if self.compute is None and recorder is not None and is_one:
            return recorder.decide(self)
        return bool(
            self._value(
                "the condition of an `if` or a `while`, in `and`, `min` or `max`: it "
                "has several elements. Use `ops.where`, `ops.any` or `ops.all`"
            )
        )

    def __float__(self) -> float:
        return float(
            self._value(
                "a Python number. Compute with `ops.cast(n, 'float32')` and "
                "`keras.ops`, such as `ops.sqrt`"
            )
        )

    def __int__(self) -> int:
        return int(
            self._value(
                "a Python integer. Use `//`, `math.floor`, `math.ceil`, or "
                "`ops.cast(n, 'int32')`"
            )
        )

    def __index__(self) -> int:
        return operator.index(
            self._value(
                "a Python integer, as in `range` or for a list. Write a loop as "
                "`ops.fori_loop(0, n, lambda i, state: ..., start)`, `ops.scan` or "
                "`ops.map`; numbers up to it as `ops.arange(n)`; a part of an array as "
                "`ops.take(array, ops.arange(n), axis=0)`"
            )
        )

    def _value(self, use: str) -> Any:
        """Return the value as an array; raise `UnknownValueError` if it has none."""
        if self.compute is None:
            self._refuse(use)
        return array_of(self.compute())

    def _refuse(self, use: str) -> NoReturn:
        what = "A tensor" if self.static_shape else "A number or size"
        raise UnknownValueError(
            f"{what} that is unknown until the model runs can't be {use}; or give the "
            "sizes by `input_signature`",
            f"shape={self.static_shape}, dtype={self.dtype!r}",
        )


def _bits(name: str, a: Any, b: Any) -> Any:
    """Return `&`, `|` or `^`: logical of booleans, bitwise of integers."""
    kinds = {str(getattr(x, "dtype", type(x).__name__)).split(".")[-1] for x in (a, b)}
    kind = "logical" if all("bool" in one for one in kinds) else "bitwise"
    return getattr(keras.ops, f"{kind}_{name}")(a, b)


def _is_data(x: object) -> bool:
    """Whether something is a number or a tensor, to be compared element by element."""
    return isinstance(x, bool | int | float) or hasattr(x, "dtype")


def array_of(tensor: Any) -> np.ndarray[Any, Any]:
    """Convert a tensor of the backend, or an array, to an array."""
    if len(tensor.shape):
        return np.asarray(keras.ops.convert_to_numpy(tensor))
    # TensorFlow hands a scalar bfloat16 to NumPy as a number, which NumPy refuses.
    one = keras.ops.convert_to_numpy(keras.ops.reshape(tensor, (1,)))
    return np.asarray(one).reshape(())


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """Map a structure's leaves, including the ends and steps of slices."""

    def leaf(x: Any) -> Any:
        if isinstance(x, slice):
            return slice(*(function(end) for end in (x.start, x.stop, x.step)))
        return function(x)

    return map_structure(leaf, structure)


def has_traced(structure: Any) -> bool:
    """Whether a structure holds a traced tensor, possibly inside a slice."""
    found: list[bool] = []
    map_leaves(lambda x: found.append(isinstance(x, TracedTensor)), structure)
    return any(found)


def traced_statics(operation: Any) -> dict[str, Any]:
    """Return an operation's attributes that hold traced tensors."""
    if operation is None:
        return {}
    return {
        name: value
        for name, value in vars(operation).items()
        if isinstance(value, TracedTensor | list | tuple | slice) and has_traced(value)
    }


def with_statics(operation: Any, statics: dict[str, Any]) -> Any:
    """Return a copy of an operation with other attributes."""
    if not statics:
        return operation
    copied = object.__new__(type(operation))  # copy.copy would save and load it
    vars(copied).update(vars(operation) | statics)
    return copied
