"""From a Keras model to a graph of its operations, the same on every backend.

The package `keras_patches` alone knows Keras's private parts.
"""

from keras_acts.export.trace.graph import Constant, Graph, Node, Value, Weight
from keras_acts.export.trace.signature import (
    InputSpec,
    Signature,
    model_signature,
    public_names,
    size_name,
)
from keras_acts.export.trace.structure import flatten, map_structure, pack
from keras_acts.export.trace.subgraph import Subgraph
from keras_acts.export.trace.tensors import map_leaves, with_statics
from keras_acts.export.trace.tracer import trace

__all__ = [
    "Constant",
    "Graph",
    "InputSpec",
    "Node",
    "Signature",
    "Subgraph",
    "Value",
    "Weight",
    "flatten",
    "map_leaves",
    "map_structure",
    "model_signature",
    "pack",
    "public_names",
    "size_name",
    "trace",
    "with_statics",
]
