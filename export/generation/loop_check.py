"""Whether a written generator takes the tokens that the model itself would take.

The model computes each sequence as a whole, without an earlier cache: so this compares
the loop, the cache that runs hand on and the places of tokens, beside the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from keras_acts.export.errors import brief
from keras_acts.export.generation.causal_model import CausalModel, logits_of
from keras_acts.export.generation.runtime import Generator
from keras_acts.export.parity.reference.keras_calls import to_numpy
from keras_acts.export.parity.tolerances import Array, Tolerance

PROMPTS = (2, 4)
"""The lengths of the prompts, which are continued together."""

TOKENS = 12
"""The length of the sequences."""


@dataclass(frozen=True)
class _Row:
    """A sequence, and the model's logits of what follows each of its tokens."""

    tokens: Array
    prompt: int
    logits: Array


def difference(
    model: CausalModel, generator: Generator, tolerance: Tolerance, seed: int
) -> str | None:
    """Return what differs where both continue the same prompts; None if nothing does.

    Where the model's own logits of two tokens are alike to within the tolerance,
    rounding decides between them, and the rest of that sequence isn't compared.
    """
    rng = np.random.default_rng(seed)
    most = generator.config.max_length or TOKENS
    length = min(TOKENS, most)
    vocabulary = generator.config.vocabulary_size
    counts = [min(count, length - 1) for count in PROMPTS]
    prompts = [rng.integers(0, vocabulary, count).tolist() for count in counts]
    try:
        rows = generator.generate(prompts, max_length=length, stop_token_ids=None)
    except Exception as error:  # whatever onnxruntime raises
        return f"it can't run: {brief(error)}"
    logits = to_numpy(_without_gradients(model, np.stack(rows))).astype(np.float64)
    for tokens, prompt, one in zip(rows, counts, logits, strict=True):
        found = _first_difference(_Row(tokens, prompt, one), tolerance)
        if found is not None:
            return found
    return None


def _without_gradients(model: CausalModel, tokens: Array) -> object:
    if keras.backend.backend() != "torch":
        return logits_of(model, tokens.tolist())
    import torch

    with torch.no_grad():
        return logits_of(model, tokens.tolist())


def _first_difference(row: _Row, tolerance: Tolerance) -> str | None:
    """Return the first token that the model would not have taken."""
    for place in range(row.prompt, len(row.tokens)):
        logits, token = row.logits[place - 1], int(row.tokens[place])
        best = int(np.argmax(logits))
        if token == best:
            continue
        allowed = tolerance.allowed(logits[best], float(np.abs(logits).max()))
        if logits[best] - logits[token] <= 2 * allowed:
            return None
        return (
            f"after {row.tokens[:place].tolist()} it takes the token {token}, the "
            f"model {best}, with logits {logits[token]:.6g} and {logits[best]:.6g}"
        )
    return None
