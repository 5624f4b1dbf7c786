"""Passes that improve on ONNX's shape inference: names of unknown sizes."""
