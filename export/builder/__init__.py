"""The ONNX graph under construction, on top of onnx-ir."""

from keras_acts.export.builder.graph_builder import GraphBuilder
from keras_acts.export.builder.operands import Operand, Size

__all__ = ["GraphBuilder", "Operand", "Size"]
