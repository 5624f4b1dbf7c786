"""Constants and weights of a graph under construction, and the names in use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import types
from keras_acts.export.builder.arrays import converted, host_array
from keras_acts.export.errors import OpsetError, UnsupportedOperationError
from keras_acts.export.identity import IdentityKey
from keras_acts.export.names import UniqueNames

FLOAT8_OPSET = 19


class Initializers:
    """The part of `GraphBuilder` that makes constants and weights, each once.

    Attributes:
        opset: The version of the standard operators.
        scope: Names of the layers around the present operation, for names.
        initializers: The constants and weights in the order of their first use.
        names: The names in use, of values and nodes.
    """

    def __init__(
        self,
        opset: int,
        floats: str | None = None,
        weight_names: Mapping[IdentityKey, str] | None = None,
    ) -> None:
        self.opset = opset
        self.scope: tuple[str, ...] = ()
        self.initializers: list[ir.Value] = []
        self._floats = floats
        self._weight_names = weight_names or {}
        self._constants: dict[tuple[Any, ...], ir.Value] = {}
        self._weights: dict[tuple[Any, ...], ir.Value] = {}
        self.names = UniqueNames()

    def reserve(self, name: str) -> None:
        """Keep a name from nodes and constants: it belongs to an input or output."""
        self.names.reserve(name)

    def constant(self, array: np.ndarray[Any, Any]) -> ir.Value:
        """Return an array as a value; equal arrays are one value."""
        key = (array.dtype.str, array.dtype.name, array.shape, array.tobytes())
        if key not in self._constants:
            name = self.names.unique("/".join((*self.scope, "constant")))
            value = self._initializer(name, ir.tensor(array, name=name))
            self._constants[key] = value
        return self._constants[key]

    def named_constant(self, name: str, tensor: ir.TensorProtocol) -> ir.Value:
        """Return a tensor as a value by a name of its own, each once."""
        key = (name, tensor.dtype)
        if key not in self._weights:
            self._weights[key] = self._initializer(self.names.unique(name), tensor)
        return self._weights[key]

    def weight(self, variable: Any, dtype: str | None = None) -> ir.Value:
        """Return a Keras variable as a value that is read when the file is written.

        Args:
            variable: A `keras.Variable`.
            dtype: Keras's name of the dtype in which it is used; its own by default.
        """
        name = self.weight_name(variable)
        return self.joined_weight(name, [variable], _itself, variable.shape, dtype)

    def weight_name(self, variable: Any) -> str:
        """Return the name of a Keras variable in the file."""
        return self._weight_names.get(IdentityKey(variable), variable.path)

    def joined_weight(
        self,
        name: str,
        variables: Sequence[Any],
        join: Callable[..., np.ndarray[Any, Any]],
        shape: Sequence[int],
        dtype: str | None = None,
    ) -> ir.Value:
        """Return an array made of Keras variables when the file is written.

        Args:
            name: Its name.
            variables: The variables, one or several.
            join: Makes the array of theirs. A function, not a lambda of the call: the
                same variables by the same function are one value.
            shape: The array's shape.
            dtype: Keras's name of the dtype in which the variables are used; by default
                that of the first.
        """
        dtype = dtype or keras.backend.standardize_dtype(variables[0].dtype)
        key = (*map(IdentityKey, variables), join, dtype)
        if key not in self._weights:
            name, onnx_dtype = self.names.unique(name), self.dtype(dtype)

            def read() -> ir.TensorProtocol:
                used = (converted(host_array(x), onnx_dtype) for x in variables)
                array = np.asarray(join(*used), order="C")
                return ir.tensor(array, onnx_dtype, name)

            tensor = ir.LazyTensor(read, onnx_dtype, ir.Shape(shape), name=name)
            self._weights[key] = self._initializer(name, tensor)
        return self._weights[key]

    def _initializer(self, name: str, tensor: ir.TensorProtocol) -> ir.Value:
        value = ir.Value(
            name=name,
            shape=ir.Shape(tensor.shape.numpy()),
            type=ir.TensorType(tensor.dtype),
            const_value=tensor,
        )
        self.initializers.append(value)
        return value

    @contextlib.contextmanager
    def own_floats(self) -> Iterator[None]:
        """Keep the dtypes of floats inside a `with` block, whatever replaces others."""
        floats, self._floats = self._floats, None
        try:
            yield
        finally:
            self._floats = floats

    def dtype(self, name: str) -> ir.DataType:
        """Return the ONNX dtype that stands for one of Keras's.

        Raises:
            UnsupportedOperationError: It is complex.
        """
        if name.startswith("complex"):
            raise UnsupportedOperationError(
                "Complex numbers can't be exported: onnxruntime has no kernel of any "
                "operator for them. Keep the real and the imaginary part as two "
                f"tensors, as `ops.fft` does. Received: dtype={name!r}"
            )
        if self._floats is not None and name in ("float32", "float64", "bfloat16"):
            name = self._floats
        if name.startswith("float8") and self.opset < FLOAT8_OPSET:
            raise OpsetError(
                f"Operators take {name} from opset {FLOAT8_OPSET} on. "
                f"Received: opset={self.opset}"
            )
        return types.ONNX_DTYPES[name]


def _itself(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array
