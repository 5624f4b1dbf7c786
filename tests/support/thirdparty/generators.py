"""KerasHub's causal language models, listed from the package, as generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras_hub import models

from support.thirdparty.check import randomize
from support.thirdparty.keras_hub import build

SAMPLE = ("GPT2CausalLM", "GemmaCausalLM", "Llama3CausalLM")
"""Learned positions, a cache that is a tuple of pairs, and grouped queries."""

REFUSED: Mapping[str, str] = {
    "BLIP2CausalLM": "axis of the tokens",
    "BLIP2CustomOPT": "must have a method `call_with_cache",
    "PARSeqCausalLM": "can't be built of tokens alone",
    "PaliGemmaCausalLM": "axis of the tokens",
}
"""What the error quotes, by class."""

LEFT_OUT: Mapping[str, str] = {
    "Gemma4AssistantCausalLM": "its `call_with_cache` continues what another model "
    "computes, and takes no tokens"
}

ANOTHER_LOOP: Mapping[str, str] = dict.fromkeys(
    ("Qwen3_5CausalLM", "Qwen3_5MoeCausalLM"),
    "`generate` feeds the last token of a prompt into the states a second time",
)
"""Why `generate` takes other tokens than the model does of the whole sequence."""

_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {"Qwen3MoeCausalLM": {"head_dim": 4}}
"""Arguments of backbones that the tiny ones leave out, which a cache needs."""


def names(which: str) -> list[str]:
    """Return the classes that have a call with a cache, or the sample of them."""
    found = [
        name
        for name, cls in sorted(vars(models).items())
        if hasattr(cls, "call_with_cache")
        and name not in LEFT_OUT
        and name == cls.__name__  # not another name of the same class
    ]
    found += [name for name in REFUSED if name not in found]
    return [name for name in found if which == "all" or name in SAMPLE]


def made(name: str) -> Any:
    """Return a tiny model of a class, with random weights."""
    if name in _ARGUMENTS:
        cls = getattr(models, name)
        backbone = build(cls.backbone_cls, **_ARGUMENTS[name])
        model = build(cls, backbone=backbone)
    else:
        model = build(_class(name))
    randomize(model)
    return model


def _class(name: str) -> type:
    from support.thirdparty.keras_hub import _public

    return _public()[name]


def generated(model: Any, prompts: list[list[int]], length: int) -> list[list[int]]:
    """Return the tokens of `generate` with the greedy sampler, without stop tokens.

    It is called as `generate` calls it: some models return None for images, which
    `generate` itself can't join.
    """
    model.compile(sampler="greedy")
    tokens = np.zeros((len(prompts), length), "int32")
    mask = np.zeros((len(prompts), length), "int32")
    for row, prompt in enumerate(prompts):
        tokens[row, : len(prompt)] = prompt
        mask[row, : len(prompt)] = 1
    inputs = {"token_ids": tokens, "padding_mask": mask}
    inputs = {k: keras.ops.convert_to_tensor(x) for k, x in inputs.items()}
    results = model.make_generate_function()(inputs, None)
    found: list[list[int]] = keras.ops.convert_to_numpy(results["token_ids"]).tolist()
    return found
