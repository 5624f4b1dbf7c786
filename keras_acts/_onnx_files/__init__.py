"""ONNX files without Keras: read, described, and held against their verdict.

Outside of the export, so that the command line, the service and the packages for other
servers can do it where Keras isn't installed.
"""

from keras_acts._onnx_files.reading import external_tensors, parsed, read, read_proto

__all__ = ["external_tensors", "parsed", "read", "read_proto"]
