"""Write a file in lower precision, and say what that cost in answers."""

from keras_acts.export.parity.report.quantization.records import QuantizationReport
from keras_acts.export.quantization.api import quantize

__all__ = ["QuantizationReport", "quantize"]
