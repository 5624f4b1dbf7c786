"""Models of other libraries that work with Keras 3, tiny and with random weights."""

from __future__ import annotations

import importlib

import keras

from support.thirdparty.architecture import Architecture

LIBRARIES = ("keras_hub", "k3im", "single_layers")
"""The modules here that list the architectures of one library, or of a few."""

SAMPLE = frozenset(
    (
        "keras-hub/BertBackbone",
        "keras-hub/AlbertMaskedLM",
        "keras-hub/BartSeq2SeqLM",
        "keras-hub/CLIPBackbone",
        "keras-hub/DebertaV3Backbone",
        "keras-hub/DeepLabV3ImageSegmenter",
        "keras-hub/DINOV2Backbone",
        "keras-hub/EfficientNetImageClassifier",
        "keras-hub/GPT2CausalLM",
        "keras-hub/Gemma3Backbone",
        "keras-hub/Llama3CausalLM",
        "keras-hub/MixtralBackbone",
        "keras-hub/Qwen3_5Backbone",
        "keras-hub/ResNetImageClassifier",
        "keras-hub/SwinTransformerBackbone",
        "keras-hub/T5Backbone",
        "keras-hub/WhisperBackbone",
        "k3im/SimpleViTFFT",
        "keras-rs/FeatureCross",
        "keras-tcn/TCN",
    )
)
"""One of each kind, on which a change is tried."""


def architectures(which: str) -> list[Architecture]:
    """Return every architecture, or the sample of them."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in LIBRARIES]
    backend = keras.backend.backend()
    every = [one for module in modules for one in module.architectures()]
    found = [one for one in every if backend in one.backends]
    if which == "all":
        return found
    if which == "tensorflow":
        return [one for one in found if one.backends == (which,)]
    missing = SAMPLE - {str(one) for one in found}
    if missing:
        raise ValueError(f"The sample names what no library has: {sorted(missing)}")
    return [one for one in found if str(one) in SAMPLE]
