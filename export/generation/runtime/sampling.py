"""How the next token is chosen from logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Sampler:
    """Chooses tokens: the likeliest, or drawn where any of the first three is given.

    Attributes:
        temperature: What logits are divided by; 0 takes the likeliest token.
        top_k: Only so many of the likeliest tokens are drawn from.
        top_p: Only the likeliest tokens that together have this probability (Holtzman
            et al., 2020), after `top_k`.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if self.temperature is not None and not 0 <= self.temperature < np.inf:
            raise ValueError(
                "`temperature` must be a number, 0 or above. "
                f"Received: temperature={self.temperature!r}"
            )
        if self.top_k is not None and (self.top_k < 1 or self.top_k != int(self.top_k)):
            raise ValueError(
                "`top_k` must be an integer, 1 or above. "
                f"Received: top_k={self.top_k!r}"
            )
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(
                f"`top_p` must be above 0, at most 1. Received: top_p={self.top_p!r}"
            )

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is taken."""
        given = (self.temperature, self.top_k, self.top_p)
        return self.temperature == 0 or given == (None, None, None)

    def probabilities(self, logits: Array) -> Array:
        """Return what a token is drawn by, in float64.

        Args:
            logits: Of one row: (vocabulary,).
        """
        scaled = logits.astype(np.float64)
        if self.temperature is not None:
            scaled = scaled / self.temperature
        order = np.argsort(-scaled, kind="stable")[: self.top_k]
        kept = _softmax(scaled[order])
        if self.top_p is not None:
            # The first token that reaches the probability is one of those kept.
            before = np.cumsum(kept) - kept
            kept = np.where(before < self.top_p, kept, 0.0)
        result = np.zeros_like(scaled)
        result[order] = kept / kept.sum()
        return result

    def choose(self, logits: Array, draws: Sequence[np.random.Generator]) -> Array:
        """Return a token for each row.

        Args:
            logits: (batch, vocabulary).
            draws: A generator of random numbers for each row.
        """
        if self.is_greedy:
            return np.asarray(np.argmax(logits, axis=-1))
        return np.asarray(
            [
                _drawn(self.probabilities(row), rng)
                for row, rng in zip(logits, draws, strict=True)
            ]
        )


def _drawn(probabilities: Array, rng: np.random.Generator) -> int:
    """Draw an index: the first at which the summed probabilities exceed a number."""
    sums = np.cumsum(probabilities)
    index = np.searchsorted(sums, rng.random() * sums[-1], side="right")
    return int(min(index, np.flatnonzero(probabilities)[-1]))


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max())
    return np.asarray(powers / powers.sum())
