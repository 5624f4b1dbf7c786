"""From traced operations to ONNX operators: a registry and the converters."""

from keras_acts.export.convert.convert import convert
from keras_acts.export.convert.registry import record_of, register_converter

__all__ = ["convert", "record_of", "register_converter"]
