"""Python's operators of two operands, whose dtypes the backends promote by their own.

Keras promotes the dtypes of its functions, `ops.add(x, y)`, alike on each backend.
What `x + y` does in a model's code is up to the backend's tensor: TensorFlow's takes
an array in its own dtype, so that one of float64 beside float32 gives float32;
torch's keeps int64 beside a number where Keras narrows it. Where the two differ, the
operands are cast to the dtype that the operator gives.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_acts.export.trace.protocol import ACTIVE, unrecorded
from keras_acts.export.trace.shapes.backend_spec import backend_spec
from keras_acts.export.trace.shapes.broadcasting import broadcast

FUNCTIONS: dict[str, str] = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
}
"""The function of `keras.ops` for each operator."""


def operator_pair(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods of an operator, for the first operand and for the second."""
    base = keras.KerasTensor
    forward = getattr(base, f"__{name}__")
    reflected = getattr(base, f"__r{name}__")

    def plain(x: Any, y: Any) -> Any:
        return forward(x, y) if isinstance(x, base) else reflected(y, x)

    def first(self: Any, other: Any) -> Any:
        return _computed(name, plain, self, other)

    def second(self: Any, other: Any) -> Any:
        return _computed(name, plain, other, self)

    return first, second


def _computed(name: str, plain: Callable[..., Any], x: Any, y: Any) -> Any:
    """Return what an operator gives, in the dtype that the backend's gives.

    Args:
        name: The operator's name in the module `operator`.
        plain: Computes it as Keras does.
        x: The first operand: a tensor, a variable, an array or a number.
        y: The second one.
    """
    if _are_alike(x, y):
        return plain(x, y)
    if not _is_tensor(x) and not _is_tensor(y):
        return _of_arrays(name, plain, x, y)
    if keras.backend.backend() == "tensorflow":  # in the dtype of the tensor beside it
        x, y = _array_as(y, x), _array_as(x, y)
    found = _dtype(getattr(operator, name), x, y)
    is_known = not any(getattr(one, "is_array", False) for one in (x, y))
    if found is None or (is_known and {found} == set(_of_function(name, x, y))):
        return plain(x, y)
    x, y = _cast(x, found), _cast(y, found)
    recorder = ACTIVE.get()
    if name != "floordiv" or recorder is None:
        return plain(x, y)
    # The function narrows integers of 64 bits on torch, whatever it is given.
    shapes = (getattr(one, "static_shape", one.shape) for one in (x, y))
    spec = keras.KerasTensor(broadcast(*shapes), found)
    return recorder.record_node("numpy.FloorDivide", (x, y), {}, spec)


def _of_arrays(name: str, plain: Callable[..., Any], x: Any, y: Any) -> Any:
    """Return what an operator gives of arrays and numbers: what stands for an array."""
    ones = (np.ones((), _dtype_of(z)) if _is_array(z) else _plain(z) for z in (x, y))
    found = str(getattr(operator, name)(*ones).dtype)
    result = plain(_array_of(x, found), _array_of(y, found))
    result.is_array = True
    return result


def _array_of(x: Any, dtype: str) -> Any:
    """Return an array, or what stands for one, in a dtype; a number as it is."""
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(x, dtype)
    return _cast(x, dtype) if isinstance(x, keras.KerasTensor) else x


def _of_function(name: str, x: Any, y: Any) -> Iterator[str | None]:
    """Yield the dtype that Keras's function gives, and the one that Keras infers."""
    function = getattr(keras.ops, FUNCTIONS[name])
    yield _dtype(function, x, y)
    try:
        yield str(unrecorded(function, _plain(x), _plain(y)).dtype)
    except Exception:  # it refuses what the backends take
        yield None


def _are_alike(x: Any, y: Any) -> bool:
    """Whether the two give the same whatever promotes them."""
    if _is_number(x) or _is_number(y):
        others = [one for one in (x, y) if not _is_number(one)]
        return not others or (_is_tensor(others[0]) and _is_float(others[0]))
    both = _is_tensor(x) and _is_tensor(y)
    return both and _is_float(x) and _dtype_of(x) == _dtype_of(y)


def _is_number(x: Any) -> bool:
    """Whether an operand is a number of Python in the model's code; none of NumPy."""
    is_own = isinstance(x, bool | int | float) and not _is_array(x)
    return is_own or getattr(x, "is_number", False)


def _is_tensor(x: Any) -> bool:
    return hasattr(x, "dtype") and not _is_array(x) and not _is_number(x)


def _is_float(x: Any) -> bool:
    return bool(keras.backend.is_float_dtype(_dtype_of(x)))


def _dtype_of(x: Any) -> str:
    return str(keras.backend.standardize_dtype(x.dtype))


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) or getattr(x, "is_array", False)


def _array_as(tensor: Any, x: Any) -> Any:
    """Return an array in the dtype of a tensor beside it; other operands as they are.

    Booleans are none: an array divides them as it is.
    """
    if _is_array(x) and _is_tensor(tensor) and _dtype_of(tensor) != "bool":
        return _cast(x, _dtype_of(tensor))
    return x


def _dtype(function: Callable[..., Any], x: Any, y: Any) -> str | None:
    """Return the dtype that a function of two operands gives, None if it refuses."""
    spec = backend_spec(function, _plain(x), _plain(y))
    return getattr(spec, "dtype", None)


def _plain(x: Any) -> Any:
    """Return an operand without its value, if it is a tensor, and of one element."""
    if getattr(x, "is_number", False):
        return 1.0 if _is_float(x) else 1
    if _is_tensor(x):
        # A tensor without axes promotes as a number on torch.
        return keras.KerasTensor((1, 1) if len(x.shape) else (), _dtype_of(x))
    if isinstance(x, keras.KerasTensor):
        # An array of one element is a number to torch.
        return np.ones((2,) * len(x.shape), _dtype_of(x))
    return x


def _cast(x: Any, dtype: str) -> Any:
    """Return an operand in a dtype."""
    if isinstance(x, keras.KerasTensor | keras.Variable):
        return x if _dtype_of(x) == dtype else keras.ops.cast(x, dtype)
    return keras.ops.convert_to_tensor(x, dtype)
