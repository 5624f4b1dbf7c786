"""What KerasHub's models of texts and sounds need beside the table of tiny values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from keras_hub.src.models.vae.vae_backbone import VAEBackbone

from support.thirdparty.keras_hub_made import made

TEXTS: Mapping[str, Mapping[str, Any]] = {
    "AlbertBackbone": {"num_groups": 1, "num_inner_repetitions": 2},
    "BLIP2Backbone": {
        "vision_encoder": partial(made, "BLIP2VisionEncoder"),
        "qformer": partial(made, "BLIP2QFormer"),
        "language_model": partial(made, "BLIP2CustomOPT"),
    },
    "BLIP2CustomOPT": {
        "num_query_tokens": 4,
        "dropout": 0.0,
        "qformer_hidden_dim": 8,
        "max_sequence_length": 32,
    },
    "BLIP2FlanT5": {"num_query_tokens": 4, "qformer_hidden_dim": 8},
    "BLIP2QFormer": {
        "num_query_tokens": 4,
        "vision_dim": 8,
        "cross_attention_frequency": 2,
        "dropout": 0.0,
        "layer_norm_epsilon": 1e-6,
    },
    "BLIP2Seq2SeqLM": {
        "backbone": partial(
            made, "BLIP2Backbone", language_model=partial(made, "BLIP2FlanT5")
        )
    },
    "BLIP2VisionEncoder": {
        "use_patch_bias": True,
        "use_class_token": True,
        "use_mha_bias": True,
        "use_mlp_bias": True,
        "dropout_rate": 0.0,
        "layer_norm_epsilon": 1e-6,
        "initializer_range": 0.02,
    },
    "CLIPBackbone": {
        "vision_encoder": partial(made, "CLIPVisionEncoder"),
        "text_encoder": partial(made, "CLIPTextEncoder"),
    },
    "FluxBackbone": {
        "input_channels": 6,
        "hidden_size": 16,
        "mlp_ratio": 2.0,
        "depth": 1,
        "depth_single_blocks": 1,
        "axes_dim": [2, 2, 4],
        "theta": 10_000,
        "use_bias": True,
        "guidance_embed": True,
        "image_shape": (9, 6),
        "text_shape": (5, 6),
        "image_ids_shape": (9, 3),
        "text_ids_shape": (5, 3),
        "y_shape": (7,),
    },
    "Gemma3Backbone": {"vision_encoder": partial(made, "Gemma3VisionEncoder")},
    "Gemma3TextEmbedder": {
        "backbone": partial(
            made,
            "Gemma3Backbone",
            vision_encoder=None,
            is_embedding_model=True,
            pooling_intermediate_dim=16,
            embedding_dim=8,
        )
    },
    "Gemma3VisionEncoder": {"output_dim": 8, "pool_size": 2},
    "Gemma3nBackbone": {
        "text_vocab_size": 30,
        "text_hidden_size": 8,
        "num_hidden_layers": 2,
        "pad_token_id": 0,
        "num_key_value_heads": 1,
        "intermediate_size": [16, 16],
        "hidden_activation": "gelu_approximate",
        "layer_types": ["full_attention", "sliding_attention"],
        "rope_theta": 10_000.0,
        "vocab_size_per_layer_input": 30,
        "hidden_size_per_layer_input": 2,
        "altup_num_inputs": 2,
        "laurel_rank": 1,
    },
    "Gemma4AudioEncoder": {
        "input_feat_size": 16,
        "hidden_size": 8,
        "num_heads": 2,
        "num_layers": 1,
        "chunk_size": 4,
        "context_left": 5,
        "sscp_conv_channels": (4, 4),
        "output_proj_dims": 8,
        "output_dim": 8,
    },
    "Gemma4Backbone": {
        "vision_encoder": partial(made, "Gemma4VisionEncoder"),
    },
    "Gemma4VisionEncoder": {"output_dim": 8, "pool_size": 2},
    "GPTNeoXBackbone": {"rotary_percentage": 0.5},
    "MetaCLIP2Backbone": {
        "vision_encoder": partial(made, "MetaCLIP2VisionEncoder"),
        "text_encoder": partial(made, "MetaCLIP2TextEncoder"),
    },
    "MixtralBackbone": {"num_experts": 3},
    "MMDiT": {
        "patch_size": 2,
        "position_size": 8,
        "latent_shape": (8, 8, 4),
        "context_shape": (None, 8),
        "pooled_projection_shape": (8,),
    },
    "PaliGemmaBackbone": {
        "vit_patch_size": 8,
        "vit_num_heads": 2,
        "vit_hidden_dim": 8,
        "vit_num_layers": 2,
        "vit_intermediate_dim": 16,
    },
    "PARSeqBackbone": {
        "image_encoder": partial(
            made, "ViTBackbone", use_class_token=False, image_shape=(16, 32, 3)
        ),
        "max_label_length": 15,
    },
    "PARSeqCausalLM": {"compile": False},
    "Qwen3_5Backbone": {
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
        "linear_key_head_dim": 4,
        "linear_value_head_dim": 4,
        "layer_types": ["linear_attention", "full_attention"],
        "head_dim": 8,
    },
    "Qwen3_5MoeBackbone": {
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
        "linear_key_head_dim": 4,
        "linear_value_head_dim": 4,
        "layer_types": ["linear_attention", "full_attention"],
        "head_dim": 8,
    },
    "RQVAEBackbone": {
        "input_dim": 12,
        "encoder_layer_dims": [8],
        "output_dim": 4,
        "decoder_layer_dims": [8],
        "num_embeddings": 6,
        "num_quantizers": 2,
    },
    "RWKV7Backbone": {
        "gate_lora": 4,
        "mv_lora": 4,
        "aaa_lora": 4,
        "decay_lora": 4,
    },
    "SigLIPBackbone": {
        "vision_encoder": partial(made, "SigLIPVisionEncoder"),
        "text_encoder": partial(made, "SigLIPTextEncoder"),
    },
    "SmolLM3Backbone": {
        "attention_bias": False,
        "attention_dropout": 0.0,
        "rope_layer_enabled_list": [True, False],
        "layer_types": ["full_attention", "full_attention"],
        "mlp_bias": False,
        "layer_norm_epsilon": 1e-5,
        "rope_theta": 10_000.0,
        "partial_rotary_factor": 1.0,
    },
    "StableDiffusion3Backbone": {
        "mmdit_patch_size": 2,
        "mmdit_hidden_dim": 8,
        "mmdit_num_layers": 2,
        "mmdit_num_heads": 2,
        "mmdit_position_size": 16,
        "mmdit_qk_norm": None,
        "mmdit_dual_attention_indices": None,
        "vae": partial(
            VAEBackbone,
            [32, 32, 32, 32],
            [1, 1, 1, 1],
            [32, 32, 32, 32],
            [1, 1, 1, 1],
            sampler_method="mode",
        ),
        "clip_l": partial(made, "CLIPTextEncoder", intermediate_output_index=0),
        "clip_g": partial(made, "CLIPTextEncoder", intermediate_output_index=0),
        "image_shape": (64, 64, 3),
    },
    "T5GemmaBackbone": {"sliding_window": 4},
    "T5Gemma2Backbone": {"sliding_window": 4},
    "WhisperBackbone": {
        "num_mels": 8,
        "max_encoder_sequence_length": 32,
        "max_decoder_sequence_length": 16,
    },
}
"""Arguments by class; a `partial` is called, as each model gets parts of its own."""
