"""Makers of rows: functions that draw the arguments of one operation, or of some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from support.draws.arguments import FLOATS, Arguments, Place

Row = Callable[[Arguments], tuple[list[Any], dict[str, Any]]]


def plain(*make: Callable[[Arguments, tuple[int, ...]], Any], **keywords: Any) -> Row:
    """Return a row: a tensor of any shape, and arguments made of its shape."""
    low, high = keywords.pop("ranks", (1, 4))

    def row(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = m.shape(low, high)
        first = m.tensor(shape, keywords.get("dtype"))
        return [first, *(one(m, shape) for one in make)], {}

    return row


def fixed(*shapes: Any, **kwargs: Any) -> Row:
    """Return a row: tensors of given shapes and keywords."""
    return lambda m: ([m.tensor(shape) for shape in shapes], dict(kwargs))


def several(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    return [[m.tensor(shape) for _ in range(m.one_of(1, 2, 3))]], {}


def images(*rest: Any, channels: int = 3, **kwargs: Any) -> Row:
    def row(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = (*(() if m.rng.random() < 0.3 else (2,)), 6, 8, channels)
        return [m.tensor(shape), *rest], dict(kwargs)

    return row


def complex_pair(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape, dtype = m.shape(2, 3), m.one_of(*m.dtypes)
    return [(m.tensor(shape, dtype), m.tensor(shape, dtype))], {}


def conv(rank: int, *kernel: int, **kwargs: Any) -> Row:
    def row(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
        float_kernel = m.one_of("float32", "float16", None)
        x = m.tensor((2, *[7] * rank, 4))
        return [x, m.weight((*[3] * rank, *kernel), float_kernel)], {
            "data_format": "channels_last",
            "strides": m.one_of(1, 2) if "strides" not in kwargs else kwargs["strides"],
            "padding": m.one_of("same", "valid"),
        }

    return row


def labels(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    return [m.tensor((3, 4)), m.tensor((3, 4), m.one_of(*FLOATS[:2]))], {}


def segments(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    ids = m.place(np.asarray([0, 1, 1, 2], "int32"))
    x = m.tensor((4, *m.shape(0, 2)))
    return [x, ids], {"num_segments": m.one_of(3, 5)}


def take(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    indices = m.rng.integers(0, 2, m.shape(0, 2)).astype(m.one_of("int32", "uint8"))
    return [m.tensor(shape), m.place(indices)], {"axis": m.one_of(None, m.axis(shape))}


def along_axis(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    axis = m.axis(shape)
    sizes = list(shape)
    sizes[axis] = 2
    indices = m.place(m.rng.integers(0, 2, sizes).astype("int32"))
    return [m.tensor(shape), indices], {"axis": axis}


def clip(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    first = m.one_of(shape, (*shape[:-1], 1), shape[-1:])
    return [m.tensor(first), m.operand(shape), m.operand(shape)], {}


def where(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    return [m.tensor(shape, "bool"), m.operand(shape), m.operand(shape)], {}


def select(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    choices = [m.tensor(shape) for _ in range(2)]
    return [[m.tensor(shape, "bool") for _ in range(2)], choices], {}


def matmul(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    a, b = m.one_of(
        ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)),
        ((5, 2, 3), (5, 3, 4)), ((3,), (3,)), ((2, 1, 2, 3), (5, 3, 4)),
    )  # fmt: skip
    return [m.tensor(a), m.tensor(b)], {}


def same(*ranks: int) -> Row:
    def row(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = m.shape(*(ranks or (1, 3)))
        return [m.tensor(shape), m.tensor(shape)], {}

    return row


def constant(m: Arguments, array: Any) -> Place:
    """Return the place of a tensor whose sizes are known."""
    made = m.place(np.asarray(array, "float32"))
    m.known.add(made.index)
    return made


def solve(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    outer = m.shape(0, 1)
    square = m.place(np.broadcast_to(np.eye(3, dtype="float32") * 2, (*outer, 3, 3)))
    return [square, m.tensor((*outer, 3, m.one_of(1, 2)))], {}


def pad(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    return [m.tensor(shape), [(1, m.one_of(0, 2)) for _ in shape]], {
        "mode": m.one_of("constant", "reflect", "edge")
        if hasattr(keras.ops, "pad")
        else "constant"
    }


def reshape(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    return [
        m.tensor((2, 3, 4)),
        m.one_of((-1,), (2, -1), (6, 4), (-1, 3, 2), (4, 6)),
    ], {}


def sliced(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    return [m.tensor((4, 5)), (1, 2), (2, m.one_of(1, 3))], {}


def get_item(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    key = m.one_of(
        0, slice(1, 3), (slice(None), 1), (..., 0), (None, 1), (slice(None, None, 2),),
        (slice(None, None, -1), slice(1, None)), (1, None, slice(-2, None)),
    )  # fmt: skip
    return [m.tensor((4, 5)), key], {}


def attention(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    dtype = m.one_of(*FLOATS[:2])
    q, k, v = (2, 3, 2, 4), (2, 5, 2, 4), (2, 5, 2, 4)
    return [m.tensor(shape, dtype) for shape in (q, k, v)], {}


def einsum(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    equation, *shapes = m.one_of(
        ("ab,bc->ac", (2, 3), (3, 4)), ("abc,cd->abd", (2, 3, 4), (4, 5)),
        ("ij,kj->ik", (2, 3), (4, 3)), ("ab->ba", (2, 3)), ("...a,a->...", (2, 3), (3,))
    )  # fmt: skip
    return [equation, *map(m.tensor, shapes)], {}


def norms(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    mean, variance, *rest = (m.weight((4,), "float32") for _ in range(4))
    some = m.one_of({}, {"offset": rest[0], "scale": rest[1]})
    return [m.tensor((2, 3, 4)), mean, variance, -1], some


def quantiles(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    q = m.one_of(0.5, [0.25, 0.5], [0.5])
    axis = m.one_of(None, m.axis(shape))
    return [m.tensor(shape), q], {"axis": axis, "keepdims": m.one_of(True, False)}


def number(*choices: Any) -> Callable[..., Any]:
    return lambda m, _: m.one_of(*choices)


def axis(m: Arguments, shape: tuple[int, ...]) -> int:
    return m.axis(shape)


def split(axis: int, *ranks: int) -> Row:
    def row(m: Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = list(m.shape(*(ranks or (axis + 1, 3))))
        shape[min(axis, len(shape) - 1)] = 6
        return [m.tensor(shape), m.one_of(2, 3, [1, 4])], {}

    return row
