"""Calls of JAX: jax.numpy, jax.nn, and jax.lax."""

from __future__ import annotations

import jax
from jax import lax
from jax import numpy as jnp

from support.raw_calls import Call

CALLS: dict[str, Call] = {
    "jnp.tanh": jnp.tanh,
    "jnp.sin": lambda x: jnp.sin(x) + jnp.cos(x),
    "jnp.clip": lambda x: jnp.clip(x, -0.5, 0.7),
    "jnp.where": lambda x: jnp.where(x > 0, x, jnp.exp(x)),
    "jnp.concatenate": lambda x: jnp.concatenate([x, -x], -1)[..., :4],
    "jnp.stack": lambda x: jnp.stack([x, x * 2], axis=1),
    "jnp.split": lambda x: jnp.split(x, 2, axis=-1)[1],
    "jnp.einsum": lambda x: jnp.einsum("btd,bsd->bts", x, x) @ x,
    "jnp.matmul": lambda x: jnp.matmul(x, jnp.swapaxes(x, 1, 2)),
    "jnp.mean": lambda x: jnp.mean(x, axis=1),
    "jnp.var": lambda x: jnp.var(x, axis=-1),
    "jnp.max": lambda x: jnp.max(x, axis=1),
    "jnp.argmax": lambda x: jnp.argmax(x, axis=-1),
    "jnp.cumsum": lambda x: jnp.cumsum(x, axis=1),
    "jnp.sort": lambda x: jnp.sort(x, axis=-1),
    "jnp.linalg.norm": lambda x: jnp.linalg.norm(x, axis=-1),
    "jnp.flip": lambda x: jnp.flip(x, axis=-1),
    "jnp.roll": lambda x: jnp.roll(x, 1, axis=-1),
    "jnp.transpose": lambda x: jnp.transpose(x, (0, 2, 1)),
    "jnp.reshape": lambda x: jnp.reshape(x, (x.shape[0], -1, 2)),
    "jnp.expand_dims": lambda x: jnp.expand_dims(x, -1) * x[..., None, :],
    "jnp.broadcast_to": lambda x: jnp.broadcast_to(x[:, :1], x.shape) + x,
    "jnp.arange of a size": lambda x: (
        x + jnp.arange(x.shape[1], dtype=x.dtype)[None, :, None]
    ),
    "jnp.zeros_like": lambda x: jnp.zeros_like(x) + x,
    "jnp.ones of a size": lambda x: x + jnp.ones((x.shape[0], x.shape[1], 1)),
    "jnp.maximum": lambda x: jnp.maximum(x, -x / 2),
    "jnp.logical": lambda x: jnp.logical_and(x > 0, x < 1),
    "jnp.round": lambda x: jnp.floor(x) + jnp.sign(x),
    "jnp.pad": lambda x: jnp.pad(x, ((0, 0), (0, 0), (1, 2))),
    "jnp.tile": lambda x: jnp.tile(x, (1, 1, 2)),
    "jnp.take": lambda x: jnp.take(x, jnp.array([2, 0]), axis=-1),
    "jnp.prod": lambda x: jnp.prod(x, axis=-1),
    "jnp.sqrt": lambda x: jnp.sqrt(jnp.abs(x)),
    "jnp.log1p": lambda x: jnp.log1p(jnp.abs(x)),
    "jnp.array constant": lambda x: x * jnp.array([1.0, 2.0, 3.0, 4.0]),
    "jnp.dot": lambda x: jnp.dot(x, jnp.ones((4, 3))),
    "methods": lambda x: x - x.mean(axis=-1, keepdims=True),
    "astype": lambda x: (x * 10).astype("int32") * 3,
    "slices": lambda x: x[:, :, 1:3],
    "index": lambda x: x[:, 0],
    "nn.gelu": jax.nn.gelu,
    "nn.silu": jax.nn.silu,
    "nn.softmax": lambda x: jax.nn.softmax(x, axis=-1),
    "nn.log_softmax": lambda x: jax.nn.log_softmax(x, axis=-1),
    "nn.one_hot": lambda x: jax.nn.one_hot(jnp.argmax(x, axis=-1), 4),
    "nn.relu6": jax.nn.relu6,
    "nn.logsumexp": lambda x: jax.nn.logsumexp(x, axis=-1),
    "nn.sigmoid": jax.nn.sigmoid,
    "nn.standardize": lambda x: jax.nn.standardize(x, axis=-1),
    "lax.select": lambda x: lax.select(x > 0, x, jnp.exp(x)),
    "lax.rsqrt": lambda x: lax.rsqrt(jnp.abs(x) + 1.0),
    "lax.erf": lax.erf,
    "lax.cond": lambda x: lax.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, x),
    "lax.fori_loop": lambda x: lax.fori_loop(0, 3, lambda i, y: y * 0.5 + i, x),
    "lax.integer_pow": lambda x: lax.integer_pow(x, 3),
    "lax.reduce_window": lambda x: lax.reduce_window(
        x, -jnp.inf, lax.max, (1, 2, 1), (1, 1, 1), "VALID"
    ),
}

QUICK = [
    "jnp.concatenate",
    "jnp.einsum",
    "jnp.var",
    "jnp.argmax",
    "jnp.where",
    "jnp.reshape",
    "jnp.pad",
    "slices",
    "nn.gelu",
    "nn.softmax",
    "lax.select",
    "lax.fori_loop",
]
