"""Operations: those that `support.draws` has arguments for, and those of functions."""

from __future__ import annotations

from fuzzing.pool import NoFitError, Pool
from keras_acts.export.convert.coverage import operations
from support import spec_draws

WITHOUT = {
    "convert_to_numpy": "returns an array of NumPy",
    "custom_gradient": "is for training",
    "eig": "returns complex numbers, which no file has",
    "empty": "returns any numbers",
    "empty_like": "returns any numbers",
    "is_tensor": "asks what a tensor is, and not what it holds",
    "jvp": "is for training",
    "nonzero": "returns as many numbers as are not 0",
}
"""Operations that no step calls, and why."""

_SEGMENTS = ("max", "min", "prod", "sum")

_OF_FUNCTIONS = {
    # Of equal numbers, it may take any; and leave the rest in any order.
    "argpartition": "ops.take_along_axis("
    "{x}, ops.argpartition({x}, 1)[..., :1], axis=-1)",
    "associative_scan": "ops.associative_scan(ops.add, {x}, axis={axis})",
    "cond": "ops.cond(ops.sum({x}) > 1, lambda: {x} * 2, lambda: {x} - 1)",
    "dtype": "ops.cast({x}, ops.dtype({y}))",
    "fori_loop": "ops.fori_loop(0, 3, lambda i, v: v * 0.5 + 1, {x})",
    "map": "ops.map(lambda v: v * 2 + 1, {x})",
    "scan": "ops.scan(lambda c, v: (c * 0.5 + v, c - v), {x}[0] * 0, {x})",
    "shape": "ops.reshape({x}, (ops.shape({x})[0], -1))",
    "switch": "ops.switch(1, [lambda v: v + 1, lambda v: v * 2], {x})",
    "vectorize": "ops.vectorize(lambda v: v * 2 + 1)({x})",
    "vectorized_map": "ops.vectorized_map(lambda v: v - ops.max(v), {x})",
    "while_loop": "ops.while_loop("
    "lambda i, v: i < 3, lambda i, v: (i + 1, v * 0.5), (0, {x}))[1]",
}
"""The operations that call functions, or return no tensor."""

_MATRICES = {
    "eigh": "ops.eigh({x} + ops.swapaxes({x}, -1, -2))[0]",
    "qr": "ops.abs(ops.qr({x})[0])",
    "svd": "ops.svd({x}, compute_uv=False)",
}
"""Decompositions, of which only these parts are one and the same everywhere."""

_FIXED = (
    "dot_product_attention",
    "scatter",
    "scatter_update",
    *(f"segment_{x}" for x in _SEGMENTS),
)
"""Those that take as many rows as there are indices, or heads that fit the keys."""

_READ = ("cond", "map", "shape", "switch", "vectorize")

NAMES = [row.name for row in operations() if row.name not in WITHOUT]
"""Every operation that steps call."""


def step(name: str, pool: Pool) -> str:
    """Draw a call of an operation."""
    template = _OF_FUNCTIONS.get(name)
    if template is not None:
        if name in _READ and not pool.code:
            raise NoFitError  # a symbolic tensor of Keras is another thing to them
        shape = pool.shape(1, 4)
        x, y = pool.real(shape), pool.tensor(shape)
        axis = pool.axis(shape)
        return template.format(x=pool.render(x), y=pool.render(y), axis=axis)
    if name in _MATRICES:
        outer, n = pool.shape(1, 2)[:1], pool.one_of(2, 3)
        x = pool.real(pool.one_of((*outer, n, n), (n, n)))
        return _MATRICES[name].format(x=pool.render(x))
    if name in _FIXED:
        pool.variables, pool.known_sizes = [], True
    args, kwargs = spec_draws.arguments_of(name, pool)
    return pool.call(f"ops.{name}", args, kwargs)
