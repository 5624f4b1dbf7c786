"""KerasHub's models beside the table: variants, sizes of inputs, what can't be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras_hub import models
from keras_hub.src.models.rqvae.rqvae_backbone import RQVAEBackbone
from keras_hub.src.models.stable_diffusion_3.mmdit import MMDiT
from keras_hub.src.models.vae.vae_backbone import VAEBackbone

INPUTS: Mapping[str, Mapping[str, Any]] = {
    "Gemma4AudioEncoder": {
        "audio_mel": {"shape": (2, 16, 16)},
        "audio_mel_mask": {"shape": (2, 16), "dtype": "bool"},
    },
}
"""What a subclassed model is called with."""

_IMAGES = {
    "images": (1, 32, 32, 3),
    "pixel_values": (1, 16, 192),
    "pixel_position_ids": (1, 16, 2),
    "vision_indices": (4,),
}

_AUDIO = {"encoder_input_values": (2048, 1), "encoder_padding_mask": (2048,)}
_SEGMENTS = {
    "points": (2, 2),
    "labels": (2,),
    "boxes": (1, 2, 2),
    "masks": (1, 32, 32, 1),
}

SIZES: Mapping[str, Mapping[str, tuple[int | None, ...]]] = {
    "Gemma3Backbone": _IMAGES,
    "Gemma3CausalLM": _IMAGES,
    "Gemma4Backbone": _IMAGES,
    "Gemma4CausalLM": _IMAGES,
    "Gemma4VisionEncoder": _IMAGES,
    "MoonshineAudioToText": _AUDIO,
    "MoonshineBackbone": _AUDIO,
    "SAMBackbone": _SEGMENTS,
    "SAMImageSegmenter": _SEGMENTS,
    "SigLIPBackbone": {"token_ids": (16,)},
    "SigLIPTextEncoder": {"token_ids": (16,)},
}
"""Sizes of inputs that have to fit each other, beside the batch; None is any length."""

REFUSED: Mapping[str, tuple[str, str]] = {
    "Qwen3_5": ("range(num_chunks)", "a Python loop over an unknown length"),
    "RWKV7": ("out[:, t : t + 1]", "a Python loop that assigns to parts of a tensor"),
    "SAM3": ("roi_align", "torchvision's `roi_align`, on torch"),
}
"""By the beginning of a class's name: what the error quotes, and what is missing."""

ISLANDS = ("DepthAnything",)
"""Beginnings of the names of classes with layers that call the backend themselves."""

LEFT_OUT: Mapping[str, str] = {
    "Gemma4AssistantCausalLM": "Its `call` raises; only `generate` of another model "
    "calls its layers.",
}
"""What can't be called by itself, so that there is nothing to export."""

UNEXPORTED: Mapping[str, type[keras.Model]] = {
    cls.__name__: cls for cls in (MMDiT, RQVAEBackbone, VAEBackbone)
}
"""Models of the package that are parts of others, without a public name."""

VARIANTS: Mapping[str, tuple[type[keras.Model], Mapping[str, Any]]] = {
    "ResNetBackbone (v2, basic blocks)": (
        models.ResNetBackbone,
        {"use_pre_activation": True, "block_type": "basic_block"}
        | {"input_conv_filters": [64]},
    ),
    "ResNetBackbone (ResNet-vd)": (
        models.ResNetBackbone,
        {"input_conv_filters": [8, 8, 8], "input_conv_kernel_sizes": [3, 3, 3]}
        | {"block_type": "bottleneck_block_vd"},
    ),
    "CSPNetBackbone (CS3)": (
        models.CSPNetBackbone,
        {"stage_type": "cs3"},
    ),
    "CSPNetBackbone (CSP-ResNet)": (
        models.CSPNetBackbone,
        {"block_type": "bottleneck_block", "stage_type": "csp"}
        | {"bottle_ratio": [0.5], "block_ratio": [1.0], "expand_ratio": [2.0]},
    ),
    "GemmaBackbone (Gemma 2)": (
        models.GemmaBackbone,
        {
            "use_post_ffw_norm": True,
            "use_post_attention_norm": True,
            "attention_logit_soft_cap": 50.0,
            "final_logit_soft_cap": 30.0,
            "use_sliding_window_attention": True,
        },
    ),
    "Gemma3Backbone (text)": (models.Gemma3Backbone, {"vision_encoder": None}),
    "Gemma4Backbone (text)": (models.Gemma4Backbone, {"vision_encoder": None}),
    "Phi3Backbone (long context)": (
        models.Phi3Backbone,
        {
            "rope_scaling_type": "su",
            "rope_scaling_short_factor": [1.0, 1.5],
            "rope_scaling_long_factor": [2.0, 4.0],
            "max_sequence_length": 8,
            "pretraining_sequence_length": 4,
        },
    ),
    "Llama3Backbone (3.1)": (
        models.Llama3Backbone,
        {
            "rope_frequency_adjustment_factor": 8.0,
            "rope_low_freq_factor": 1.0,
            "rope_high_freq_factor": 4.0,
            "rope_pretraining_sequence_length": 16,
        },
    ),
    "ESMBackbone (absolute positions)": (
        models.ESMBackbone,
        {"position_embedding_type": "absolute"},
    ),
}
"""The same class with arguments that make another architecture."""
