"""What `generation.json` says, and what of it the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from keras_acts._version import __version__
from keras_acts.export.errors import GraphError, OptionError
from keras_acts.export.generation.causal_model import CausalModel
from keras_acts.export.generation.folder import MODEL
from keras_acts.export.generation.runtime import CacheTensor, GenerationConfig
from keras_acts.export.generation.step import LOGITS, TOKEN_DTYPE, TOKEN_IDS, Step


def config_of(
    step: Step, model: ir.Model, max_length: int | None, stops: Sequence[int]
) -> GenerationConfig:
    """Return the configuration of a converted model."""
    outputs = {x.name: x for x in model.graph.outputs}
    inputs = {x.name: x for x in model.graph.inputs}
    logits = outputs[LOGITS].shape
    vocabulary = None if logits is None else logits[-1]
    if not isinstance(vocabulary, int):
        raise GraphError(
            "The logits must have a known number of tokens as their last size. "
            f"Received: shape {logits}"
        )
    tensors = [
        CacheTensor(x.past, x.present, _dtype(inputs[x.past]), x.shape)
        for x in step.layout.tensors
    ]
    return GenerationConfig(
        model=MODEL,
        token_ids=TOKEN_IDS,
        token_dtype=TOKEN_DTYPE,
        logits=LOGITS,
        vocabulary_size=vocabulary,
        max_length=max_length,
        tokens_at_once=step.tokens_at_once,
        stop_token_ids=tuple(stops),
        cache=tuple(tensors),
    )


def _dtype(value: ir.Value) -> str:
    assert value.dtype is not None
    return (
        "bfloat16" if value.dtype == ir.DataType.BFLOAT16 else value.dtype.numpy().name
    )


def about(model: CausalModel, step: Step) -> dict[str, Any]:
    """Return what a reader of the file may want to know besides."""
    return {
        "name": model.name,
        "cache_tensors": len(step.layout.tensors),
        "written_by": f"keras-acts {__version__}",
    }


def longest_sequence(causal_lm: Any, given: int | None) -> int | None:
    """Return the most tokens that a model takes, None if it doesn't say.

    Raises:
        OptionError: The number given is no number of tokens.
    """
    if given is None:
        backbone = getattr(causal_lm, "backbone", causal_lm)
        found = getattr(backbone, "max_sequence_length", None)
        return found if isinstance(found, int) else None
    if not isinstance(given, int) or isinstance(given, bool) or given < 2:
        raise OptionError(
            "`max_length` must be an integer, 2 or above. "
            f"Received: max_length={given!r}"
        )
    return given


def stop_tokens(causal_lm: Any, given: Sequence[int] | None) -> list[int]:
    """Return the tokens that end a sequence.

    Raises:
        OptionError: They are no tokens.
    """
    if given is None:
        preprocessor = getattr(causal_lm, "preprocessor", None)
        tokenizer = getattr(preprocessor, "tokenizer", None)
        end = getattr(tokenizer, "end_token_id", None)
        return [] if end is None else [int(end)]
    listed = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    if not listed or not all(type(x) is int and x >= 0 for x in given):
        raise OptionError(
            "`stop_token_ids` must be a sequence of integers. "
            f"Received: stop_token_ids={given!r}"
        )
    return list(given)
