"""Prompts: one, or several of any lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Prompts:
    """The tokens to continue.

    Attributes:
        rows: The tokens of each prompt.
        is_single: Whether one prompt was given by itself.
    """

    rows: Sequence[list[int]]
    is_single: bool

    @classmethod
    def read(cls, token_ids: Any, padding_mask: Any, vocabulary_size: int) -> Prompts:
        """Read prompts as a user gives them.

        Raises:
            ValueError: They are not tokens of the vocabulary, or one is empty.
        """
        if padding_mask is not None:
            rows, single = _masked(token_ids, padding_mask)
        else:
            rows, single = _listed(token_ids)
        if not rows or not all(len(row) for row in rows):
            raise ValueError(
                "Each prompt must have at least one token. "
                f"Received: lengths {[len(row) for row in rows]}"
            )
        wrong = [int(x) for row in rows for x in row if not 0 <= x < vocabulary_size]
        if wrong:
            raise ValueError(
                f"`token_ids` must be from 0 to {vocabulary_size - 1}, the model's "
                f"vocabulary. Received: {wrong[:5]}"
            )
        return cls([[int(x) for x in row] for row in rows], single)

    @property
    def shortest(self) -> int:
        """The tokens of the shortest prompt."""
        return min(map(len, self.rows))

    @property
    def longest(self) -> int:
        """The tokens of the longest prompt."""
        return max(map(len, self.rows))

    def first(self, count: int) -> Array:
        """Return the first tokens of all prompts, (batch, count)."""
        return np.asarray([row[:count] for row in self.rows])


def _listed(token_ids: Any) -> tuple[list[Array], bool]:
    """Return the rows of a prompt, of a list of prompts, or of an array."""
    single = np.ndim(token_ids[0]) == 0 if len(token_ids) else True
    given = [token_ids] if single else token_ids
    return [_row(one) for one in given], single


def _masked(token_ids: Any, padding_mask: Any) -> tuple[list[Array], bool]:
    """Return the rows of an array, without their padding."""
    tokens, mask = np.asarray(token_ids), np.asarray(padding_mask).astype(bool)
    if tokens.shape != mask.shape or tokens.ndim not in (1, 2):
        raise ValueError(
            "`padding_mask` must have the shape of `token_ids`, (batch, tokens). "
            f"Received: {mask.shape} beside {tokens.shape}"
        )
    single = tokens.ndim == 1
    tokens, mask = np.atleast_2d(tokens), np.atleast_2d(mask)
    lengths = mask.sum(axis=1)
    if (mask != (np.arange(mask.shape[1]) < lengths[:, None])).any():
        raise ValueError(
            "`padding_mask` must be true at the beginning of each row, where the "
            f"prompt is, and false behind it. Received: {mask.astype(int).tolist()}"
        )
    pairs = zip(tokens, lengths, strict=True)
    return [_row(row[:length]) for row, length in pairs], single


def _row(given: Any) -> Array:
    row = np.asarray(given)
    if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
        raise ValueError(
            "A prompt must be a sequence of integers. "
            f"Received: shape {row.shape}, dtype {row.dtype}"
        )
    return row
