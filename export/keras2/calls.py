"""TensorFlow's functions, as Keras 2 recorded their calls on its tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.keras2.advice import ANOTHER_WAY

Function = Callable[..., Any]


def _renamed(function: Function, **names: str) -> Function:
    """Return a function that takes some arguments by TensorFlow's names."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{names.get(k, k): v for k, v in kwargs.items()})

    return call


def _unary(function: Function) -> Function:
    return _renamed(function)


def _binary(function: Function) -> Function:
    return _renamed(function, x="x1", y="x2", a="x1", b="x2")


def _reduction(function: Function) -> Function:
    return _renamed(function, input_tensor="x")


def _matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, **_: Any
) -> Any:
    x = ops.swapaxes(a, -1, -2) if transpose_a else a
    y = ops.swapaxes(b, -1, -2) if transpose_b else b
    return ops.matmul(x, y)


def _transpose(a: Any, perm: Any = None, **_: Any) -> Any:
    return ops.transpose(a, perm)


def _reshape(tensor: Any, shape: Any) -> Any:
    """Reshape; a size of a tensor that is not known yet is -1."""
    return ops.reshape(tensor, [-1 if size is None else size for size in shape])


def _split(value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis)
    ends = [sum(num_or_size_splits[: i + 1]) for i in range(len(num_or_size_splits))]
    return ops.split(value, ends[:-1], axis)


def _pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0
) -> Any:
    return ops.pad(tensor, paddings, mode.lower(), constant_values or None)


def _gather(
    params: Any, indices: Any, axis: int | None = None, batch_dims: int = 0
) -> Any:
    if batch_dims:
        raise UnsupportedOperationError(
            "`tf.gather` must have no batch dimensions to be taken over into Keras 3. "
            f"Received: batch_dims={batch_dims}"
        )
    return ops.take(params, indices, axis=axis or 0)


def _cast(x: Any, dtype: Any) -> Any:
    return ops.cast(x, dtype["config"] if isinstance(dtype, Mapping) else dtype)


def _slice(tensor: Any, slice_spec: Any) -> Any:
    """`tensor[...]`, its index as Keras 2 writes it."""
    items = slice_spec if isinstance(slice_spec, list) else [slice_spec]
    if isinstance(tensor, tuple):  # a shape
        return tensor[_index(items[0])]
    return tensor[tuple(map(_index, items))]


def _index(item: Any) -> Any:
    if isinstance(item, Mapping):
        if "start" in item:
            return slice(item["start"], item["stop"], item["step"])
        return ... if "Ellipsis" in str(item.get("value")) else None
    return item


def _convert(value: Any, dtype: Any = None, **_: Any) -> Any:
    return ops.convert_to_tensor(value, dtype)


def _leaky_relu(features: Any, alpha: float = 0.2) -> Any:
    return ops.leaky_relu(features, alpha)


def _gelu(features: Any, approximate: bool = False) -> Any:
    return ops.gelu(features, approximate)


def _softmax(logits: Any, axis: int | None = None) -> Any:
    return ops.softmax(logits, -1 if axis is None else axis)


def _moments_free(function: Function) -> Function:
    def call(x: Any, axis: Any = None, epsilon: float = 1e-12, **_: Any) -> Any:
        return function(x, axis=-1 if axis is None else axis, epsilon=epsilon)

    return call


def _clip(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    return ops.clip(t, clip_value_min, clip_value_max)


UNARY = {
    **{n: getattr(ops, n) for n in ("abs", "exp", "log", "sqrt", "rsqrt", "square")},
    **{n: getattr(ops, n) for n in ("sin", "cos", "tan", "tanh", "sigmoid", "sign")},
    **{n: getattr(ops, n) for n in ("floor", "ceil", "round", "erf", "softplus")},
    **{n: getattr(ops, n) for n in ("log1p", "expm1", "logical_not", "reciprocal")},
    **{"negative": ops.negative, "log_sigmoid": ops.log_sigmoid},
}
"""Functions of one tensor under `tf.math`."""

BINARY = {
    **{n: getattr(ops, n) for n in ("add", "subtract", "multiply", "divide")},
    **{n: getattr(ops, n) for n in ("maximum", "minimum", "greater", "less", "equal")},
    **{n: getattr(ops, n) for n in ("greater_equal", "less_equal", "not_equal")},
    **{n: getattr(ops, n) for n in ("logical_and", "logical_or", "logical_xor")},
    **{
        "pow": ops.power,
        "mod": ops.mod,
        "floormod": ops.mod,
        "truediv": ops.true_divide,
    },
    **{"floordiv": ops.floor_divide},
}
"""Functions of two tensors under `tf.math`, and Python's operators."""

REDUCTIONS = {
    **{"sum": ops.sum, "mean": ops.mean, "max": ops.max, "min": ops.min},
    **{"prod": ops.prod, "any": ops.any, "all": ops.all, "std": ops.std},
    **{"variance": ops.var, "logsumexp": ops.logsumexp},
}
"""What follows `tf.math.reduce_`."""

FUNCTIONS: Mapping[str, Function] = {
    **{f"math.{n}": _unary(f) for n, f in UNARY.items()},
    **{f"math.{n}": _binary(f) for n, f in BINARY.items()},
    **{f"__operators__.{n}": _binary(f) for n, f in BINARY.items()},
    **{f"math.reduce_{n}": _reduction(f) for n, f in REDUCTIONS.items()},
    "__operators__.getitem": _slice,
    "__operators__.neg": _unary(ops.negative),
    "math.atan2": _renamed(ops.arctan2, y="x1", x="x2"),
    "math.argmax": _renamed(ops.argmax, input="x"),
    "math.argmin": _renamed(ops.argmin, input="x"),
    "math.l2_normalize": _moments_free(
        lambda x, axis, epsilon: (
            x
            * ops.rsqrt(
                ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), epsilon)
            )
        )
    ),
    "nn.relu": _renamed(ops.relu, features="x"),
    "nn.relu6": _renamed(ops.relu6, features="x"),
    "nn.elu": _renamed(ops.elu, features="x"),
    "nn.selu": _renamed(ops.selu, features="x"),
    "nn.silu": _renamed(ops.silu, features="x"),
    "nn.swish": _renamed(ops.silu, features="x"),
    "nn.leaky_relu": _leaky_relu,
    "nn.gelu": _gelu,
    "nn.softmax": _softmax,
    "nn.softplus": _renamed(ops.softplus, features="x"),
    "cast": _cast,
    "clip_by_value": _clip,
    "concat": _renamed(ops.concatenate, values="xs"),
    "convert_to_tensor": _convert,
    "expand_dims": _renamed(ops.expand_dims, input="x"),
    "gather": _gather,
    "compat.v1.gather": _gather,
    "identity": _renamed(lambda x: x, input="x"),
    "image.resize": lambda images, size, method="bilinear", **_: ops.image.resize(
        images, tuple(size), interpolation=method
    ),
    "linalg.matmul": _matmul,
    "ones_like": _renamed(ops.ones_like, input="x"),
    "pad": _pad,
    "compat.v1.pad": _pad,
    "repeat": _renamed(ops.repeat, input="x"),
    "reshape": _reshape,
    "reverse": _renamed(lambda x, axis: ops.flip(x, axis), tensor="x"),
    "shape": _renamed(ops.shape, input="x"),
    "split": _split,
    "squeeze": _renamed(ops.squeeze, input="x"),
    "compat.v1.squeeze": _renamed(ops.squeeze, input="x"),
    "stack": _renamed(ops.stack, values="x"),
    "stop_gradient": _renamed(ops.stop_gradient, input="x"),
    "tile": _renamed(ops.tile, input="x", multiples="repeats"),
    "transpose": _transpose,
    "compat.v1.transpose": _transpose,
    "unstack": _renamed(ops.unstack, value="x"),
    "where": _renamed(ops.where, x="x1", y="x2"),
    "zeros_like": _renamed(ops.zeros_like, input="x"),
}
"""By the name of a function under `tf`."""


def call(function: str, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
    """Do in `keras.ops` what a recorded call did in TensorFlow.

    Raises:
        UnsupportedOperationError: It is none of these functions.
    """
    if function not in FUNCTIONS:
        raise UnsupportedOperationError(
            "The model calls a function of TensorFlow that has no counterpart here. "
            f"{ANOTHER_WAY} "
            f"Received: tf.{function}"
        )
    given = {k: v for k, v in kwargs.items() if k != "name"}
    return FUNCTIONS[function](*args, **given)
