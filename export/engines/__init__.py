"""The engines: native for Keras models of every backend, tf2onnx for TensorFlow's.

`choice` says which one converts a model. tf2onnx, in the order in which data passes:
`tf_graph` (a model becomes a frozen graph of TensorFlow) → `tf2onnx` → `tf_forms`
(operations that it lacks) → `tf_result` (names, sizes, weights).
"""

from keras_acts.export.engines.choice import convert
from keras_acts.export.engines.conversion import Conversion
from keras_acts.export.engines.request import Names, Request

__all__ = ["Conversion", "Names", "Request", "convert"]
