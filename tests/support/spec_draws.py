"""Random calls of every operation of `keras.ops`: arguments, dtypes, ranks, sizes.

`draw(name, rng)` returns a call of one operation. Its arguments follow from the names
of the function's parameters; operations whose arguments belong together have a row in
`draws/table.py`. Not every call is one that Keras takes: the caller leaves those out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from support.draws.arguments import DTYPES, Arguments, Array, Place, Rng
from support.draws.table import ROWS

EXCLUDED = {
    **dict.fromkeys(
        (
            *("associative_scan", "cond", "custom_gradient", "fori_loop", "jvp", "map"),
            *("scan", "switch", "vectorize", "vectorized_map", "while_loop"),
        ),
        "calls a function",
    ),
    **dict.fromkeys(("convert_to_numpy", "dtype", "is_tensor"), "returns no tensor"),
    "eig": "returns complex numbers, which no file has",
    "shape": "returns symbols",
}
"""Operations that can't be drawn, and why."""


@dataclass(frozen=True)
class Call:
    """One call of an operation.

    Attributes:
        function: Takes the tensors.
        arrays: The tensors.
        unknown: For each tensor, the axes whose sizes are unknown while it is traced.
        text: The call in words, for messages.
    """

    function: Callable[..., Any]
    arrays: list[Array]
    unknown: list[set[int]]
    text: str


def draw(name: str, rng: Rng) -> Call:
    """Draw a call of an operation, by its name in `keras.ops`."""
    narrow = keras.backend.backend() == "jax"  # which reads int64 as int32
    made = Arguments(rng, DTYPES[:-1] if narrow else DTYPES)
    args, kwargs = arguments_of(name, made)
    some = rng.random() < 0.6
    unknown = [
        {axis for axis in range(x.ndim) if some and rng.random() < 0.5}
        - (set(range(x.ndim)) if i in made.known else set())
        for i, x in enumerate(made.arrays)
    ]
    function = function_of(name)

    def call(*tensors: Any) -> Any:
        def fill(x: Any) -> Any:
            if isinstance(x, Place):
                return tensors[x.index]
            if isinstance(x, list | tuple):
                return type(x)(map(fill, x))
            return x

        return function(*fill(args), **{k: fill(v) for k, v in kwargs.items()})

    shown = [
        f"{x.dtype}{[None if i in u else n for i, n in enumerate(x.shape)]}"
        for x, u in zip(made.arrays, unknown, strict=True)
    ]
    return Call(call, made.arrays, unknown, f"{name}{args} {kwargs} of {shown}")


def arguments_of(name: str, made: Arguments) -> tuple[Any, Any]:
    """Draw the arguments of an operation: those in order, and those by name."""
    row = ROWS.get(name)
    return row(made) if row is not None else _by_parameters(name, made)


def function_of(name: str) -> Callable[..., Any]:
    """Return an operation by its name, such as `"image.resize"`."""
    found: Any = keras.ops
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _by_parameters(name: str, made: Arguments) -> tuple[Any, Any]:
    """Draw arguments by the names of parameters."""
    shape = made.shape(1, 4)
    if name in _MATRICES:
        shape = (*made.shape(0, 2), n := made.one_of(2, 3, 5), n)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    given = inspect.signature(function_of(name)).parameters.values()
    for parameter in given:
        if parameter.default is parameter.empty:
            if parameter.kind == parameter.VAR_KEYWORD:
                continue
            first = not made.arrays
            args.append(made.tensor(shape) if first else made.operand(shape))
        elif parameter.name == "axis" and made.rng.random() < 0.6:
            kwargs["axis"] = made.axis(shape)
        elif parameter.name in ("keepdims", "sorted") and made.rng.random() < 0.5:
            kwargs[parameter.name] = made.one_of(True, False)
    if len(args) == 2 and name in _TWO_NUMBERS and made.rng.random() < 0.3:
        args.reverse()
    return args, kwargs


_MATRICES = frozenset(
    (
        *("cholesky", "cholesky_inverse", "det", "diagonal", "eig", "eigh", "inv"),
        *(
            "logdet",
            "lu_factor",
            "matrix_rank",
            "pinv",
            "qr",
            "slogdet",
            "svd",
            "trace",
        ),
    )
)
_TWO_NUMBERS = frozenset(
    (
        *("add", "bitwise_and", "bitwise_or", "divide", "equal", "floor_divide"),
        *("greater", "less", "logical_and", "logical_or", "maximum", "minimum", "mod"),
        *("multiply", "power", "subtract", "true_divide"),
    )
)
