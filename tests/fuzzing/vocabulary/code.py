"""What is neither an operation nor a layer of Keras: Python, and custom layers."""

from __future__ import annotations

from fuzzing import custom
from fuzzing.pool import Pool

EXPRESSIONS = (
    "{x} + {y}",
    "{x} - {y} * 0.5",
    "{x} / ({y} * {y} + 1)",
    "-{x}",
    "abs({x})",
    "{x} ** 2",
    "{x} // 2",
    "{x} % 3",
    "1 - {x}",
    "2 / ({x} * {x} + 1)",
    "{x} > {y}",
    "{x} == {y}",
    "({x} > 0.5) & ({y} > 0.2)",
    "~({x} > 0.5)",
    "{x}[:, -1]",
    "{x}[:, :-1]",
    "{x}[:, 1:]",
    "{x}[..., :1]",
    "{x}[..., None]",
    "{x}[:, ::-1]",
    "{x}[:, ::2]",
    "{x}[0]",
    "{x} @ ops.swapaxes({y}, -1, -2)",
    "{x} * ops.cast(ops.shape({x})[1], {x}.dtype)",
    "{x} * ops.cast(ops.shape({x})[0] + 1, {x}.dtype)",
    "ops.reshape({x}, (-1, {x}.shape[-1]))",
    "ops.reshape({x}, (ops.shape({x})[0] * ops.shape({x})[1], -1))",
    "ops.zeros_like({x}) + ops.mean({y}, axis=-1, keepdims=True)",
    "ops.tile({x}, (1,) + (2,) * (len({x}.shape) - 1))",
    "ops.ones(ops.shape({x})) * {y}",
    "ops.concatenate([{x}, {y}], axis=-1)",
    "ops.stack([{x}, {y}], axis=1)",
    "ops.where({x} > {y}, {x}, {y})",
)
"""Lines with operators of Python."""

RANKS = {
    "PadToMultiple": (2, 4), "LongOrShort": (2, 4), "Positions": (3, 3),
    "Sinusoids": (3, 3), "Counted": (2, 4), "Halves": (2, 4), "Shifted": (2, 4),
    "Tokens": (3, 4), "Unflattened": (3, 3), "Causal": (3, 3), "Reversed": (2, 4),
    "ClassToken": (3, 3), "Doubled": (4, 4), "Probing": (1, 4), "Weighted": (2, 4),
    "Running": (2, 4), "Interpolated": (4, 4), "Windows": (4, 4), "Experts": (2, 2),
    "Summed": (1, 4), "Attending": (3, 3), "DrawnAnew": (2, 4), "DrawnAlike": (2, 4),
    "DrawnOnce": (2, 4),
}  # fmt: skip
"""The custom layers, with the ranks that they take."""

assert set(RANKS) == set(custom.names())


def expression(template: str, pool: Pool) -> str:
    """Draw a line with operators of Python."""
    shape = pool.shape(2, 4)
    x, y = pool.real(shape), pool.tensor(shape)
    return template.format(x=pool.render(x), y=pool.render(y))


def layer(name: str, pool: Pool) -> tuple[str, str]:
    """Draw a custom layer, and what it is called with."""
    arguments = ""
    if name.startswith("Drawn"):
        seed = pool.one_of(3, 17, 2_000_000_000)
        arguments = f"{pool.one_of(*custom.KINDS)!r}, {seed}"
    return f"{name}({arguments})", pool.render(pool.real(pool.shape(*RANKS[name])))
