"""Random runs on which the exported step is compared with the model's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_acts.export.generation.runtime import CacheTensor
from keras_acts.export.generation.runtime.config import BATCH, PAST
from keras_acts.export.generation.step import TOKEN_DTYPE, Step
from keras_acts.export.parity.tolerances import Array

RUNS = ((3, 7, 1), (2, 0, 5), (4, 1, 1), (1, 0, 3))
"""Batch, past and tokens: steps of a token, and prompts."""


def random_runs(
    step: Step, vocabulary: int, max_length: int | None, seed: int
) -> Iterator[list[Array]]:
    """Yield the inputs of each run, in the order of the signature."""
    rng = np.random.default_rng(seed)
    for batch, past, count in RUNS:
        tokens = step.tokens_at_once or count
        if max_length is not None and past + tokens > max_length:
            past, tokens = max_length - 1, 1
        ids = rng.integers(0, vocabulary, (batch, tokens)).astype(TOKEN_DTYPE)
        sizes = {BATCH: batch, PAST: past}
        yield [ids, *(_drawn(rng, x, sizes) for x in step.layout.tensors)]


def _drawn(rng: np.random.Generator, one: CacheTensor, sizes: dict[str, int]) -> Array:
    shape = [x if isinstance(x, int) else sizes[x] for x in one.shape]
    if one.dtype.startswith(("int", "uint", "bool")):
        return np.zeros(shape, one.dtype)
    return rng.standard_normal(shape).astype(np.float32)
