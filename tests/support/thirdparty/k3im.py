"""K3IM: every function that makes a model of images, sequences or videos."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import k3im
import keras

from support.thirdparty.architecture import Architecture
from support.thirdparty.tiny import arguments

_SIZES = ("image_size", "img_size", "seq_len", "input_shape")

VALUES: Mapping[str, Any] = {
    "image_size": 16,
    "img_size": 32,
    "seq_len": 16,
    "patch_size": 4,
    "image_patch_size": 4,
    "freq_patch_size": 4,
    "frames": 4,
    "num_frames": 4,
    "frame_patch_size": 2,
    "dim": 8,
    "embedding_dim": 8,
    "embed_dim": 8,
    "filters": 8,
    "depth": 2,
    "depths": [1, 1, 2, 1],
    "cls_depth": 1,
    "spatial_depth": 1,
    "temporal_depth": 1,
    "num_blocks": 2,
    "num_transformer_blocks": 2,
    "transformer_layers": 2,
    "transformer_units": [16, 8],
    "heads": 2,
    "num_heads": 2,
    "dim_head": 4,
    "dim_coefficient": 2,
    "mlp_dim": 16,
    "num_mlp": 16,
    "hidden_units": 8,
    "projection_dim": 8,
    "kernel_size": 3,
    "stride": 1,
    "padding": 1,
    "stochastic_depth_rate": 0.1,
    "dropout_rate": 0.0,
    "attention_dropout": 0.0,
    "projection_dropout": 0.0,
    "num_classes": 3,
    "channels": 3,
    "pool": "mean",
    "token_learner_units": 4,
    "window_size": 2,
    "shift_size": 1,
    "qkv_bias": True,
    "sm_dim": 8,
    "lg_dim": 8,
    "sm_patch_size": 4,
    "lg_patch_size": 8,
    "sm_enc_mlp_dim": 16,
    "lg_enc_mlp_dim": 16,
}

EXCEPTIONS: Mapping[str, Mapping[str, Any]] = {
    "CCT": {"input_shape": (16, 16, 3)},
    "CCT_1DModel": {"input_shape": (16, 3)},
    "CCT3DModel": {"input_shape": (16, 16, 16, 3)},
    "EANet": {"input_shape": (16, 16, 3)},
    "VideoMixerModel": {"dim": 16},
    "FocalNetModel": {"embed_dim": 8, "depths": [1, 1, 2, 1], "num_classes": 3},
    "SwinTModel": {"patch_size": (4, 4)},
    "ConvMixer3DModel": {"depth": 1, "image_size": 8},
}


def architectures() -> Iterator[Architecture]:
    """Return what each module makes that takes a size and a number of classes."""
    for info in pkgutil.iter_modules(k3im.__path__, "k3im."):
        module = importlib.import_module(info.name)
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == info.name
            if own and _makes_model(function):
                yield Architecture("k3im", name, partial(build, function))


def build(function: Callable[..., Any]) -> keras.Model:
    """Build one of the models, tiny."""
    exceptions = EXCEPTIONS.get(function.__name__, {})
    return function(**arguments(function, exceptions, values=VALUES))


_PARTS = ("FocalNet", "MixerBlock", "MlpMixer", "ImageEmbedder", "PatchEmbed")


def _makes_model(function: Callable[..., Any]) -> bool:
    """Whether a function is a constructor; presets, in small letters, are large."""
    parameters = inspect.signature(function).parameters
    named = function.__name__.endswith("Model") or function.__name__[0].isupper()
    sized = any(name in parameters for name in _SIZES)
    return named and sized and function.__name__ not in _PARTS
