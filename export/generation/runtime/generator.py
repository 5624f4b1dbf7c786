"""`Generator`: prompts in, tokens out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .config import GenerationConfig
from .prompts import Prompts
from .sampling import Sampler
from .session import Cache, CachedModel

Array = np.ndarray[Any, Any]


class Generator:
    """Generates tokens with a model that `export_generator` wrote.

    It needs onnxruntime and NumPy, and no Keras. Text becomes tokens, and tokens text,
    by the tokenizer of your choice.

    Args:
        folder: The folder.
        providers: onnxruntime's providers, by full name, as `InferenceSession` takes
            them. On CUDA the cache stays on the device.
        session_options: An `onnxruntime.SessionOptions`, for the number of threads.

    Raises:
        ImportError: onnxruntime is not installed.
        FileNotFoundError: It is not such a folder.
        ValueError: Its `generation.json` is not valid.

    Example:
        >>> Generator("tiny-lm").generate([1, 2, 3], max_length=6).shape
        (6,)
    """

    config: GenerationConfig

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        providers: Sequence[Any] = ("CPUExecutionProvider",),
        session_options: Any = None,
    ) -> None:
        self.config = GenerationConfig.read(folder)
        self._model = CachedModel(folder, self.config, providers, session_options)

    def generate(
        self,
        token_ids: Any,
        *,
        padding_mask: Any = None,
        max_length: int | None = None,
        stop_token_ids: Sequence[int] | str | None = "auto",
        strip_prompt: bool = False,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Any:
        """Continue prompts.

        The likeliest token is taken unless `temperature`, `top_k` or `top_p` is given.
        A row's tokens don't depend on the rows beside it.

        Args:
            token_ids: A prompt, or a list of prompts of any lengths; or an array
                (batch, tokens) with a `padding_mask`.
            padding_mask: Which tokens of such an array are the prompt's, at the
                beginning of each row, as KerasHub has it.
            max_length: The most tokens of a sequence, its prompt included; by default
                what the model takes.
            stop_token_ids: Tokens that end a sequence; `"auto"` those of the folder,
                None for none.
            strip_prompt: Whether to leave out the prompt.
            temperature: What logits are divided by before a token is drawn; 0 takes
                the likeliest.
            top_k: Draw among so many of the likeliest tokens.
            top_p: Draw among the likeliest tokens of this probability together
                (Holtzman et al., 2020).
            seed: Of the random numbers; the same gives the same tokens.

        Returns:
            The tokens of a prompt, int64; for several prompts a list of such arrays.
            A stop token is the last of its sequence.

        Raises:
            ValueError: A prompt is empty, has tokens that the model lacks, or is longer
                than `max_length`; or an option is invalid.
        """
        prompts = Prompts.read(token_ids, padding_mask, self.config.vocabulary_size)
        rows = [list(row) for row in prompts.rows]
        sampler = Sampler(temperature, top_k, top_p)
        for step in self._steps(prompts, max_length, stop_token_ids, sampler, seed):
            for row, token in step.items():
                rows[row].append(token)
        starts = [len(row) if strip_prompt else 0 for row in prompts.rows]
        found = [
            np.asarray(row[start:], np.int64)
            for row, start in zip(rows, starts, strict=True)
        ]
        return found[0] if prompts.is_single else found

    def stream(
        self,
        token_ids: Any,
        *,
        padding_mask: Any = None,
        max_length: int | None = None,
        stop_token_ids: Sequence[int] | str | None = "auto",
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[Any]:
        """Continue prompts, and yield each token when it is chosen.

        The arguments are those of `generate`.

        Returns:
            An iterator of the tokens that follow a prompt; for several prompts of
            dictionaries, each with the next token of every row that goes on.

        Raises:
            ValueError: As of `generate`, at once.
        """
        prompts = Prompts.read(token_ids, padding_mask, self.config.vocabulary_size)
        sampler = Sampler(temperature, top_k, top_p)
        steps = self._steps(prompts, max_length, stop_token_ids, sampler, seed)
        return (
            (step[0] for step in steps)
            if prompts.is_single
            else (x for x in steps if x)
        )

    def logits(self, token_ids: Any) -> Array:
        """Return the logits of the token after a prompt of (tokens,), in float32.

        For an array (batch, tokens) they are (batch, vocabulary).
        """
        prompts = Prompts.read(token_ids, None, self.config.vocabulary_size)
        found = self.start(len(prompts.rows)).append(
            prompts.first(prompts.shortest), self.config.tokens_at_once
        )
        return found[0] if prompts.is_single else found

    def start(self, batch: int) -> Cache:
        """Return the cache before the first token, to which tokens are appended."""
        return self._model.start(batch)

    def _steps(
        self,
        prompts: Prompts,
        max_length: int | None,
        stop_token_ids: Sequence[int] | str | None,
        sampler: Sampler,
        seed: int | None,
    ) -> Iterator[dict[int, int]]:
        """Check the arguments, and return the tokens of each step by row."""
        limit = self._limit(prompts, max_length)
        stops, draws = self._stops(stop_token_ids), _draws(seed, len(prompts.rows))
        return self._run(prompts, limit, stops, sampler, draws)

    def _run(
        self,
        prompts: Prompts,
        limit: int,
        stops: frozenset[int],
        sampler: Sampler,
        draws: Sequence[np.random.Generator],
    ) -> Iterator[dict[int, int]]:
        """Yield the tokens that rows get at one place after the other.

        Rows whose prompt goes on beyond that of others get its tokens meanwhile.
        """
        going = {row for row, x in enumerate(prompts.rows) if len(x) < limit}
        if not going:
            return
        cache, at_once = self.start(len(prompts.rows)), self.config.tokens_at_once
        last = prompts.first(prompts.shortest)
        while True:
            chosen = sampler.choose(cache.append(last, at_once), draws)
            place = cache.length
            new: dict[int, int] = {}
            for row, prompt in enumerate(prompts.rows):
                if place < len(prompt):
                    chosen[row] = prompt[place]
                elif row in going:
                    new[row] = int(chosen[row])
            yield new
            going -= {row for row, token in new.items() if token in stops}
            if not going or place + 1 >= limit:
                return
            last = chosen[:, None]

    def _limit(self, prompts: Prompts, max_length: int | None) -> int:
        most = self.config.max_length
        if max_length is None and most is None:
            raise ValueError(
                "`max_length` must be given: the model has no longest sequence. "
                "Received: max_length=None"
            )
        limit = most if max_length is None else int(max_length)
        assert limit is not None
        if most is not None and limit > most:
            raise ValueError(
                f"`max_length` must be at most {most}, the model's longest sequence. "
                f"Received: max_length={max_length}"
            )
        if prompts.longest > limit:
            raise ValueError(
                f"A prompt must not be longer than `max_length`, {limit}. "
                f"Received: a prompt of {prompts.longest} tokens"
            )
        return limit

    def _stops(self, given: Sequence[int] | str | None) -> frozenset[int]:
        if given is None:
            return frozenset()
        if isinstance(given, str):
            if given == "auto":
                return frozenset(self.config.stop_token_ids)
        elif all(_is_integer(token) for token in given):
            return frozenset(map(int, given))
        raise ValueError(
            '`stop_token_ids` must be integers, "auto" or None. '
            f"Received: stop_token_ids={given!r}"
        )


def _is_integer(x: Any) -> bool:
    return isinstance(x, int | np.integer) and not isinstance(x, bool)


def _draws(seed: int | None, rows: int) -> list[np.random.Generator]:
    """Return independent random numbers for each row, the same whatever follows it."""
    if seed is not None and not (_is_integer(seed) and seed >= 0):
        raise ValueError(
            f"`seed` must be an integer, 0 or above. Received: seed={seed!r}"
        )
    children = np.random.SeedSequence(seed).spawn(rows)
    return [np.random.default_rng(one) for one in children]
