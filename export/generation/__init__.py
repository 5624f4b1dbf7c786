"""Causal language models with their cache: exported, and run on onnxruntime alone."""

from typing import TYPE_CHECKING

from keras_acts._backend import goes_without_keras
from keras_acts.export.generation.runtime import (
    CacheTensor,
    GenerationConfig,
    Generator,
    Sampler,
)

if TYPE_CHECKING or not goes_without_keras():
    from keras_acts.export.generation.api import export_generator

__all__ = [
    "CacheTensor",
    "GenerationConfig",
    "Generator",
    "Sampler",
    "export_generator",
]
