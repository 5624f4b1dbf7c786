"""The engine tf2onnx: converts TensorFlow's graph of a model.

A model passes through `frozen_graph` (TensorFlow's frozen graph) → `engine` (tf2onnx) →
`forms` (operations that tf2onnx lacks) → `result` (names, sizes, weights).
"""
