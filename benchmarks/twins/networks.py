"""The networks that KerasHub or Keras and transformers both have, a row each.

Both sides have random weights, and inputs of the same names. An image is NCHW in every
file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray[Any, Any]]

VOCABULARY = 30522
TOKENS, MASK, SEGMENTS, IMAGE = "token_ids", "padding_mask", "segment_ids", "images"


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        name: What the tables call it.
        keras: Makes the Keras model of a number of blocks.
        config: The class of transformers' configuration, and its arguments.
        model: The class of transformers' model.
        inputs: By the name of our input, that of the model's argument.
        blocks: How many it has, None where the name fixes that.
        block_argument: The configuration's name for that number.
        optimizer: What onnxruntime's optimizer calls its kind; None where it knows
            nothing of the kind.
        largest_size: The longest text, or the only size of an image.
    """

    name: str
    keras: Callable[[int], Any]
    config: tuple[str, Mapping[str, Any]]
    model: str
    inputs: Mapping[str, str]
    blocks: int | None = 12
    block_argument: str = "num_hidden_layers"
    optimizer: str | None = None
    largest_size: int = 512

    @property
    def is_of_images(self) -> bool:
        """Whether it reads images rather than texts."""
        return IMAGE in self.inputs

    def arrays(self, batch: int, size: int) -> Arrays:
        """Return inputs by name; of a text an eighth, at its end, is padding."""
        rng = np.random.default_rng(1)
        if self.is_of_images:
            shape = (batch, 3, size, size)
            return {IMAGE: rng.uniform(0, 1, shape).astype("float32")}
        kept = np.ones((batch, size), "int32")
        kept[:, size - size // 8 :] = 0
        found = {
            TOKENS: rng.integers(1, VOCABULARY, (batch, size)),
            MASK: kept,
            SEGMENTS: np.zeros_like(kept),
        }
        return {name: found[name] for name in self.inputs}


def _hub(name: str, **given: Any) -> Callable[[int], Any]:
    def build(blocks: int) -> Any:
        import keras_hub

        return getattr(keras_hub.models, name)(num_layers=blocks, **given)

    return build


def _application(name: str) -> Callable[[int], Any]:
    def build(_blocks: int) -> Any:
        import keras

        whole = getattr(keras.applications, name)
        return whole(weights=None, input_tensor=keras.Input((224, 224, 3), name=IMAGE))

    return build


_TEXT = {TOKENS: "input_ids", MASK: "attention_mask"}
_PICTURE = {IMAGE: "pixel_values"}
_LLAMA = {"hidden_dim": 1024, "intermediate_dim": 2816, "vocabulary_size": VOCABULARY}
_LLAMA_CONFIG = {"hidden_size": 1024, "intermediate_size": 2816}
_HEADS = {"num_attention_heads": 16, "num_key_value_heads": 4}

NETWORKS = (
    Network(
        "BERT base",
        _hub(
            "BertBackbone",
            vocabulary_size=VOCABULARY,
            num_heads=12,
            hidden_dim=768,
            intermediate_dim=3072,
        ),
        # Keras's GELU of this model is that of a tanh.
        ("BertConfig", {"hidden_act": "gelu_new"}),
        "BertModel",
        {**_TEXT, SEGMENTS: "token_type_ids"},
        optimizer="bert",
    ),
    Network(
        "GPT-2 small",
        _hub(
            "GPT2Backbone",
            vocabulary_size=VOCABULARY,
            num_heads=12,
            hidden_dim=768,
            intermediate_dim=3072,
        ),
        ("GPT2Config", {"vocab_size": VOCABULARY}),
        "GPT2Model",
        _TEXT,
        block_argument="n_layer",
        optimizer="gpt2",
    ),
    Network(
        "Llama-like, 16 heads, 4 of keys",
        _hub("LlamaBackbone", num_query_heads=16, num_key_value_heads=4, **_LLAMA),
        ("LlamaConfig", {"vocab_size": VOCABULARY, **_LLAMA_CONFIG, **_HEADS}),
        "LlamaModel",
        _TEXT,
    ),
    Network(
        "ViT base",
        _hub(
            "ViTBackbone",
            image_shape=(224, 224, 3),
            patch_size=16,
            num_heads=12,
            hidden_dim=768,
            mlp_dim=3072,
        ),
        ("ViTConfig", {}),
        "ViTModel",
        _PICTURE,
        optimizer="vit",
        largest_size=224,
    ),
    Network(
        "ConvNeXt tiny",
        _application("ConvNeXtTiny"),
        ("ConvNextConfig", {"num_labels": 1000}),
        "ConvNextForImageClassification",
        _PICTURE,
        blocks=None,
        largest_size=224,
    ),
    Network(
        "ResNet50",
        _application("ResNet50"),
        # Keras's strides are those of the first convolution of a block.
        ("ResNetConfig", {"num_labels": 1000, "downsample_in_bottleneck": True}),
        "ResNetForImageClassification",
        _PICTURE,
        blocks=None,
        largest_size=224,
    ),
)
