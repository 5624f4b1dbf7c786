"""Formats other than ONNX: how a model is written, and what runs the file alone.

`writers.py` has a function a format, `reader.py` what a process without Keras runs, and
`lacks.py` the activations that a format can't hold.
"""
