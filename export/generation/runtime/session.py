"""Runs of the model, each of which hands its cache to the next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .config import BATCH, PAST, CacheTensor, GenerationConfig

Array = np.ndarray[Any, Any]

_BFLOAT16 = 16
"""ONNX's number of the dtype, which NumPy lacks."""

_DEVICES = {"CUDAExecutionProvider": "cuda"}
"""Where a provider keeps the cache between runs, if not in the main memory."""


class CachedModel:
    """The model of a folder in onnxruntime.

    Attributes:
        session: The `onnxruntime.InferenceSession`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        config: GenerationConfig,
        providers: Sequence[Any],
        session_options: Any,
    ) -> None:
        import onnxruntime

        self._runtime = onnxruntime
        path = os.fspath(Path(folder) / config.model)
        self.session = onnxruntime.InferenceSession(
            path, session_options, providers=list(providers)
        )
        self._config = config
        self._device = _DEVICES.get(self.session.get_providers()[0], "cpu")

    def start(self, batch: int) -> Cache:
        """Return the cache before the first token."""
        return Cache(self, [self._empty(one, batch) for one in self._config.cache])

    def _empty(self, one: CacheTensor, batch: int) -> Any:
        """Return a tensor of no tokens, or a state of zeros."""
        names = {BATCH: batch, PAST: 0}
        shape = [size if isinstance(size, int) else names[size] for size in one.shape]
        value = self._runtime.OrtValue
        if one.dtype != "bfloat16":
            return value.ortvalue_from_numpy(np.zeros(shape, one.dtype))
        # Of nothing but zeros the bits are zeros too.
        bits = np.zeros(shape, np.uint16)
        return value.ortvalue_from_numpy_with_onnx_type(bits, _BFLOAT16)

    def run(self, token_ids: Array, past: Sequence[Any]) -> tuple[Array, list[Any]]:
        """Run tokens after those of a cache; the cache stays where it was computed."""
        config, binding = self._config, self.session.io_binding()
        tokens = np.ascontiguousarray(token_ids, config.token_dtype)
        binding.bind_cpu_input(config.token_ids, tokens)
        for one, value in zip(config.cache, past, strict=True):
            binding.bind_ortvalue_input(one.past, value)
        binding.bind_output(config.logits, "cpu")
        for one in config.cache:
            binding.bind_output(one.present, self._device)
        self.session.run_with_iobinding(binding)
        logits, *present = binding.get_outputs()
        return logits.numpy().astype(np.float32, copy=False), present


class Cache:
    """What the model remembers of the tokens so far."""

    def __init__(self, model: CachedModel, past: Sequence[Any]) -> None:
        self._model = model
        self._past = past
        self.length = 0
        """How many tokens each row has had."""

    def append(self, token_ids: Array, at_once: int | None = None) -> Array:
        """Run further tokens, and return the logits of what follows the last one.

        Args:
            token_ids: (batch, tokens), at least one token.
            at_once: How many of them one run takes; None for all.

        Returns:
            The logits, (batch, vocabulary), in float32.
        """
        count = token_ids.shape[1]
        for start in range(0, count, at_once or count):
            part = token_ids[:, start : start + (at_once or count)]
            logits, self._past = self._model.run(part, self._past)
        self.length += count
        return logits
