"""Traces a Keras model into a graph of its operations, the same on every backend.

No other stage knows Keras's private parts: `keras_patches` changes and reads them.
"""

from keras_acts.export.trace.calls.function_model import model_of
from keras_acts.export.trace.drawn import Chance, chances
from keras_acts.export.trace.graph import (
    Constant,
    Graph,
    LayerRecord,
    Node,
    Value,
    Weight,
)
from keras_acts.export.trace.islands import Island, Islands
from keras_acts.export.trace.signature import (
    Signature,
    TracedInput,
    model_signature,
    public_names,
    size_name,
)
from keras_acts.export.trace.structure import flatten, map_structure, pack
from keras_acts.export.trace.subgraph import Subgraph
from keras_acts.export.trace.tensors import map_leaves, with_statics
from keras_acts.export.trace.tracer import trace

__all__ = [
    "Chance",
    "Constant",
    "Graph",
    "Island",
    "Islands",
    "LayerRecord",
    "Node",
    "Signature",
    "Subgraph",
    "TracedInput",
    "Value",
    "Weight",
    "chances",
    "flatten",
    "map_leaves",
    "map_structure",
    "model_of",
    "model_signature",
    "pack",
    "public_names",
    "size_name",
    "trace",
    "with_statics",
]
