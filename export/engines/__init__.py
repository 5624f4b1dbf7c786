"""The engines: native for Keras models of any backend, tf2onnx for TensorFlow models.

`choice` decides which one converts a model.
"""

from keras_acts.export.engines.choice import convert
from keras_acts.export.engines.conversion import Conversion
from keras_acts.export.engines.request import Request

__all__ = ["Conversion", "Request", "convert"]
