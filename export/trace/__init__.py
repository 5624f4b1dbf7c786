"""From a Keras model to a graph of its operations, the same on every backend.

The only room that knows Keras's private parts; they stand in `hooks`.
"""

from keras_acts.export.trace.graph import Constant, Graph, Node, Value, Weight
from keras_acts.export.trace.signature import InputSpec, Signature, model_signature
from keras_acts.export.trace.structure import flatten
from keras_acts.export.trace.tensors import map_leaves, with_statics
from keras_acts.export.trace.tracer import trace

__all__ = [
    "Constant",
    "Graph",
    "InputSpec",
    "Node",
    "Signature",
    "Value",
    "Weight",
    "flatten",
    "map_leaves",
    "model_signature",
    "trace",
    "with_statics",
]
