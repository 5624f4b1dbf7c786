"""Tiny arguments for the constructors of other libraries, by the arguments' names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

LAYERS = 2
HIDDEN = 8
IMAGE = 32

VALUES: Mapping[str, Any] = {
    # Texts
    "vocabulary_size": 30,
    "vocab_size": 30,
    "max_sequence_length": 16,
    "max_position_embeddings": 16,
    "num_segments": 2,
    # Transformers
    "num_layers": LAYERS,
    "num_layers_enc": LAYERS,
    "num_layers_dec": LAYERS,
    "encoder_num_layers": LAYERS,
    "decoder_num_layers": LAYERS,
    "num_decoder_layers": LAYERS,
    "num_heads": 2,
    "num_attention_heads": 2,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "encoder_num_heads": 2,
    "decoder_num_heads": 2,
    "num_decoder_heads": 2,
    "encoder_num_attention_heads": 2,
    "decoder_num_attention_heads": 2,
    "encoder_num_key_value_heads": 1,
    "decoder_num_key_value_heads": 1,
    "encoder_layer_types": ["full_attention", "sliding_attention"],
    "decoder_layer_types": ["full_attention", "sliding_attention"],
    "head_dim": 4,
    "encoder_head_dim": 4,
    "decoder_head_dim": 4,
    "head_size": 4,
    "hidden_dim": HIDDEN,
    "hidden_size": HIDDEN,
    "encoder_hidden_dim": HIDDEN,
    "decoder_hidden_dim": HIDDEN,
    "embedding_dim": HIDDEN,
    "intermediate_dim": 16,
    "encoder_intermediate_dim": 16,
    "decoder_intermediate_dim": 16,
    "mlp_dim": 16,
    "decoder_mlp_dim": 16,
    "filter_dim": HIDDEN,
    "sliding_window": 4,
    "sliding_window_size": 4,
    "projection_dim": 6,
    # Mixtures of experts
    "num_experts": 3,
    "top_k": 2,
    "moe_intermediate_dim": 8,
    "shared_expert_intermediate_dim": 8,
    "shared_expert_intermediate_size": 8,
    # Images
    "image_shape": (IMAGE, IMAGE, 3),
    "input_shape": (IMAGE, IMAGE, 3),
    "image_size": IMAGE,
    "patch_size": 8,
    "num_classes": 3,
    "projection_filters": 8,
}
"""What an argument gets where its class is not among the exceptions."""


def arguments(
    cls: Callable[..., Any],
    exceptions: Mapping[str, Any],
    *,
    values: Mapping[str, Any] = VALUES,
    **also: Any,
) -> dict[str, Any]:
    """Return tiny arguments: the class's own exceptions first, then the table's.

    Args:
        cls: A class, or a function that makes a model.
        exceptions: The arguments that differ from the table's for this class.
        values: The table.
        also: Arguments for classes that have them.
    """
    found: dict[str, Any] = {}
    for name, parameter in _parameters(cls).items():
        if name in exceptions:
            found[name] = exceptions[name]
        elif name in also:
            found[name] = also[name]
        elif name in values and (_required(parameter) or _large(name, parameter)):
            found[name] = values[name]
        elif _required(parameter):
            raise TypeError(f"{cls.__name__} needs {name}, which has no tiny value")
    return {**found, **{k: v for k, v in exceptions.items() if k not in found}}


def _large(name: str, parameter: inspect.Parameter) -> bool:
    """Whether a default makes a model large; None and unknown sizes are left alone."""
    size = parameter.default
    if isinstance(size, tuple):
        return None not in size
    return isinstance(size, int) and not isinstance(size, bool) and size > 3


def _required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def _parameters(cls: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the named parameters of the constructor, inherited ones too."""
    owner = cls.__init__ if inspect.isclass(cls) else cls
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {
        name: parameter
        for name, parameter in inspect.signature(owner).parameters.items()
        if parameter.kind not in variable and name != "self"
    }
