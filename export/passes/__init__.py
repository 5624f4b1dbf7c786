"""Rewrite passes over the ONNX graph, run in order after conversion."""

from keras_acts.export.passes.run import run_in_order, run_passes

__all__ = ["run_in_order", "run_passes"]
