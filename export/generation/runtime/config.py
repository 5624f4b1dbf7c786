"""`generation.json`: what an exported folder says of its model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "generation.json"
FORMAT = 1
"""Raised when a reader of earlier folders would misread new ones."""

BATCH, PAST = "batch", "past"
"""The names of unknown sizes in the shape of a cache tensor."""


@dataclass(frozen=True)
class CacheTensor:
    """A tensor that one run of the model hands to the next.

    Attributes:
        past: The name of the model's input.
        present: The name of the output that is the next run's `past`.
        dtype: NumPy's name of its dtype, or `"bfloat16"`.
        shape: Its sizes; `"batch"`, and `"past"` for the number of tokens seen before.
            One without `"past"` is a state, zero at first.
    """

    past: str
    present: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class GenerationConfig:
    """How the model of a folder is run.

    Attributes:
        model: The file's name.
        token_ids: The name of the input of shape (batch, tokens).
        token_dtype: Its dtype.
        logits: The name of the output of shape (batch, vocabulary), of the last token.
        vocabulary_size: How many tokens there are.
        max_length: The most tokens of a sequence, its prompt included; None for any.
        tokens_at_once: How many tokens of a prompt a run takes; None for any number.
        stop_token_ids: The tokens that end a sequence.
        cache: What is handed from run to run.
    """

    model: str
    token_ids: str
    token_dtype: str
    logits: str
    vocabulary_size: int
    max_length: int | None
    tokens_at_once: int | None
    stop_token_ids: tuple[int, ...]
    cache: tuple[CacheTensor, ...]

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> GenerationConfig:
        """Read the configuration of a folder.

        Raises:
            FileNotFoundError: It has none.
            ValueError: It is not one of this format.
        """
        path = Path(folder) / NAME
        if not path.is_file():
            raise FileNotFoundError(
                f"`folder` must be one that `export_generator` wrote, with a {NAME}. "
                f"Received: {os.fspath(folder)}"
            )
        try:
            return cls._of(json.loads(path.read_text(encoding="utf-8")))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} must be as `export_generator` writes it, of format {FORMAT}. "
                f"Received: {type(error).__name__}: {error}"
            ) from error

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> GenerationConfig:
        given = dict(content)
        found = given.pop("format")
        if found != FORMAT:
            raise ValueError(f"another format. Received: format {found}")
        given.pop("about", None)
        given["stop_token_ids"] = tuple(given["stop_token_ids"])
        given["cache"] = tuple(_cache_tensor(one) for one in given["cache"])
        return cls(**given)

    def to_json(self, about: Mapping[str, Any] | None = None) -> str:
        """Return the text of the file; `about` has what else is worth knowing."""
        content = {"format": FORMAT, **asdict(self), "about": dict(about or {})}
        return json.dumps(content, indent=2) + "\n"


def _cache_tensor(given: Mapping[str, Any]) -> CacheTensor:
    shape: Sequence[int | str] = given["shape"]
    return CacheTensor(**{**given, "shape": tuple(shape)})
