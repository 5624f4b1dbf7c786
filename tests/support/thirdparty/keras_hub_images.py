"""What KerasHub's models of images need beside the table of tiny values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from keras_hub import layers

from support.thirdparty.keras_hub_made import made

IMAGE = (32, 32, 3)


def _resnet(**also: Any) -> Any:
    return made("ResNetBackbone", **also)


def _hgnet() -> Any:
    return made("HGNetV2Backbone", out_features=["stage2", "stage3"])


def _sam_encoder() -> Any:
    return made("ViTDetBackbone", image_shape=(64, 64, 3), window_size=2)


_GEOMETRY = {"hidden_dim": 8, "intermediate_dim": 16, "num_heads": 2}

IMAGES: Mapping[str, Mapping[str, Any]] = {
    "BASNetBackbone": {
        "image_encoder": partial(
            made,
            "ResNetBackbone",
            block_type="basic_block",
            input_conv_filters=[64],
            stackwise_num_filters=[64, 8, 8, 8],
            stackwise_num_blocks=[2, 2, 2, 2],
            stackwise_num_strides=[1, 2, 2, 2],
        ),
        "num_classes": 1,
        "projection_filters": 64,
        "image_shape": (64, 64, 3),
    },
    "CSPNetBackbone": {
        "stem_filters": 8,
        "stem_kernel_size": 3,
        "stem_strides": 1,
        "stackwise_depth": [1, 2],
        "stackwise_strides": [1, 2],
        "stackwise_num_filters": [8, 16],
        "block_type": "dark_block",
        "stage_type": "csp",
        "block_ratio": [0.5],
    },
    "DFineBackbone": {
        "backbone": partial(_hgnet),
        "decoder_in_channels": [16, 16],
        "encoder_hidden_dim": 16,
        "num_labels": 4,
        "num_denoising": 0,
        "learn_initial_query": False,
        "num_queries": 6,
        "anchor_image_size": (64, 64),
        "feat_strides": [8, 16],
        "num_feature_levels": 2,
        "hidden_dim": 16,
        "encoder_in_channels": [32, 64],
        "encode_proj_layers": [1],
        "encoder_ffn_dim": 16,
        "num_encoder_layers": 1,
        "hidden_expansion": 0.5,
        "depth_multiplier": 0.5,
        "eval_idx": -1,
        "num_decoder_layers": 2,
        "decoder_attention_heads": 2,
        "decoder_ffn_dim": 16,
        "decoder_n_points": [2, 2],
        "lqe_hidden_dim": 8,
        "num_lqe_layers": 2,
        "out_features": ["stage2", "stage3"],
        "image_shape": (64, 64, 3),
        "seed": 0,
    },
    "DFineObjectDetector": {"num_classes": 4},
    "DeepLabV3Backbone": {
        "image_encoder": partial(_resnet),
        "spatial_pyramid_pooling_key": "P4",
        "low_level_feature_key": "P2",
        "upsampling_size": 4,
        "dilation_rates": [2, 3],
    },
    "DenseNetBackbone": {"stackwise_num_repeats": [1, 2], "growth_rate": 4},
    "DepthAnythingBackbone": {
        "image_encoder": partial(
            made,
            "DINOV2Backbone",
            num_layers=4,
            apply_layernorm=True,
            image_shape=(64, 64, 3),
        ),
        "reassemble_factors": [4, 2, 1, 0.5],
        "neck_hidden_dims": [4, 4, 8, 8],
        "fusion_hidden_dim": 8,
        "head_hidden_dim": 8,
        "head_in_index": -1,
        "feature_keys": ["stage1", "stage2", "stage3", "stage4"],
    },
    "DepthAnythingDepthEstimator": {
        "depth_estimation_type": "metric",
        "max_depth": 10.0,
    },
    "DINOV2Backbone": {"position_embedding_shape": (48, 48, 3)},
    "EfficientNetBackbone": {
        "stackwise_width_coefficients": [1.0, 1.0],
        "stackwise_depth_coefficients": [1.0, 1.0],
        "stackwise_kernel_sizes": [3, 5],
        "stackwise_num_repeats": [1, 2],
        "stackwise_input_filters": [8, 8],
        "stackwise_output_filters": [8, 16],
        "stackwise_expansion_ratios": [1, 4],
        "stackwise_squeeze_and_excite_ratios": [0.0, 0.25],
        "stackwise_strides": [1, 2],
        "stackwise_block_types": ["fused", "unfused"],
        "stackwise_force_input_filters": [0, 0],
        "stackwise_nores_option": [False, False],
        "num_features": 16,
    },
    "HGNetV2Backbone": {
        "depths": [1, 1, 1],
        "embedding_size": 8,
        "hidden_sizes": [16, 32, 64],
        "stem_channels": [3, 8, 8],
        "hidden_act": "relu",
        "use_learnable_affine_block": True,
        "stackwise_stage_filters": [
            (8, 8, 16, 1, 2, 3),
            (16, 8, 32, 1, 2, 3),
            (32, 16, 64, 1, 2, 5),
        ],
        "apply_downsample": [False, True, True],
        "use_lightweight_conv_block": [False, False, True],
    },
    "HGNetV2ImageClassifier": {"preprocessor": None, "head_filters": 16},
    "MiTBackbone": {
        "layerwise_depths": [1, 1],
        "num_layers": 2,
        "layerwise_num_heads": [1, 2],
        "layerwise_sr_ratios": [2, 1],
        "max_drop_path_rate": 0.1,
        "layerwise_patch_sizes": [7, 3],
        "layerwise_strides": [4, 2],
        "hidden_dims": [8, 16],
        "image_shape": IMAGE,
    },
    "MobileNetBackbone": {
        "stackwise_expansion": [[8, 16], [16]],
        "stackwise_num_blocks": [2, 1],
        "stackwise_num_filters": [[8, 8], [16]],
        "stackwise_kernel_size": [[3, 3], [5]],
        "stackwise_num_strides": [[2, 1], [2]],
        "stackwise_se_ratio": [[None, 0.25], [0.25]],
        "stackwise_activation": [["relu", "relu"], ["hard_swish"]],
        "stackwise_padding": [[1, 1], [2]],
        "output_num_filters": 16,
        "depthwise_filters": 8,
        "depthwise_stride": 1,
        "depthwise_residual": False,
        "last_layer_filter": 16,
        "squeeze_and_excite": 0.5,
    },
    "MobileNetImageClassifier": {"num_features": 16},
    "MobileNetV5Backbone": {
        "stackwise_block_types": [["er"], ["uir", "mqa"]],
        "stackwise_num_blocks": [1, 2],
        "stackwise_num_filters": [[8], [16, 16]],
        "stackwise_strides": [[2], [2, 1]],
        "stackwise_act_layers": [["relu"], ["gelu", "gelu"]],
        "stackwise_exp_ratios": [[2.0], [3.0, 1.0]],
        "stackwise_se_ratios": [[0.0], [0.0, 0.0]],
        "stackwise_dw_kernel_sizes": [[0], [5, 3]],
        "stackwise_dw_start_kernel_sizes": [[0], [3, 0]],
        "stackwise_dw_end_kernel_sizes": [[0], [0, 0]],
        "stackwise_exp_kernel_sizes": [[3], [0, 0]],
        "stackwise_pw_kernel_sizes": [[1], [0, 0]],
        "stackwise_num_heads": [[0], [0, 2]],
        "stackwise_key_dims": [[0], [0, 4]],
        "stackwise_value_dims": [[0], [0, 4]],
        "stackwise_kv_strides": [[0], [0, 1]],
        "stackwise_use_cpe": [[False], [False, False]],
        "stem_size": 8,
        "num_features": 16,
        "msfa_output_resolution": 4,
        "image_shape": IMAGE,
    },
    "MobileNetV5ImageClassifier": {"head_hidden_size": 16},
    "ResNetBackbone": {
        "input_conv_filters": [8],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 8, 16],
        "stackwise_num_blocks": [1, 2, 1],
        "stackwise_num_strides": [1, 2, 2],
        "block_type": "bottleneck_block",
    },
    "RetinaNetBackbone": {
        "image_encoder": partial(_resnet),
        "min_level": 3,
        "max_level": 4,
        "use_p5": False,
        "image_shape": (64, 64, 3),
    },
    "RetinaNetObjectDetector": {"pre_logits_num_conv_layers": 1},
    "SAMBackbone": {
        "image_encoder": partial(_sam_encoder),
        "prompt_encoder": partial(
            layers.SAMPromptEncoder,
            hidden_size=8,
            image_embedding_size=(8, 8),
            input_image_size=(64, 64),
            mask_in_channels=4,
        ),
        "mask_decoder": partial(
            layers.SAMMaskDecoder,
            hidden_size=8,
            num_layers=2,
            intermediate_dim=16,
            num_heads=2,
            embedding_dim=8,
            iou_head_hidden_dim=8,
        ),
    },
    "SAM3PromptableConceptBackbone": {
        "vision_encoder": partial(
            layers.SAM3VisionEncoder,
            image_shape=(56, 56, 3),
            patch_size=7,
            num_layers=2,
            fpn_hidden_dim=8,
            fpn_scale_factors=[4.0, 2.0, 1.0, 0.5],
            pretrain_image_shape=(28, 28, 3),
            window_size=2,
            global_attn_indexes=[1],
            **_GEOMETRY,
        ),
        "text_encoder": partial(
            layers.SAM3TextEncoder,
            vocabulary_size=30,
            embedding_dim=8,
            num_layers=2,
            **_GEOMETRY,
        ),
        "geometry_encoder": partial(
            layers.SAM3GeometryEncoder, num_layers=1, roi_size=3, **_GEOMETRY
        ),
        "detr_encoder": partial(layers.SAM3DetrEncoder, num_layers=2, **_GEOMETRY),
        "detr_decoder": partial(
            layers.SAM3DetrDecoder,
            image_shape=(56, 56, 3),
            patch_size=7,
            num_layers=2,
            num_queries=5,
            **_GEOMETRY,
        ),
        "mask_decoder": partial(
            layers.SAM3MaskDecoder, num_upsampling_stages=3, hidden_dim=8, num_heads=2
        ),
    },
    "SegFormerBackbone": {
        "image_encoder": partial(
            made,
            "MiTBackbone",
            layerwise_depths=[1, 1, 1, 1],
            num_layers=4,
            layerwise_num_heads=[1, 2, 3, 4],
            layerwise_sr_ratios=[4, 2, 1, 1],
            layerwise_patch_sizes=[7, 3, 3, 3],
            layerwise_strides=[4, 2, 2, 2],
            hidden_dims=[4, 8, 12, 16],
            image_shape=(64, 64, 3),
        )
    },
    "SwinTransformerBackbone": {
        "embed_dim": 8,
        "depths": (2, 2),
        "num_heads": (1, 2),
        "window_size": 4,
        "patch_size": 4,
    },
    "VAEBackbone": {
        "encoder_num_filters": [32, 32],
        "encoder_num_blocks": [1, 1],
        "decoder_num_filters": [32, 32],
        "decoder_num_blocks": [1, 1],
        "sampler_method": "mode",
    },
    "VGGBackbone": {"stackwise_num_repeats": [1, 2], "stackwise_num_filters": [8, 16]},
    "VGGImageClassifier": {"pooling_hidden_dim": 16},
    "VideoPrismBackbone": {
        "num_frames": 3,
        "num_spatial_layers": 1,
        "num_temporal_layers": 1,
        "num_auxiliary_layers": 1,
        "vocabulary_size": 30,
        "num_text_layers": 1,
    },
    "ViTDetBackbone": {
        "global_attention_layer_indices": [1],
        "window_size": 2,
        "num_output_channels": 8,
        "patch_size": 8,
        "image_shape": IMAGE,
    },
    "XceptionBackbone": {
        "stackwise_conv_filters": [[8, 8], [8, 16]],
        "stackwise_pooling": [True, False],
    },
}
"""Arguments by class; a `partial` is called, as each model gets parts of its own."""
