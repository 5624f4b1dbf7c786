"""The second engine: TensorFlow's graph of a model, converted by tf2onnx.

In the order in which data passes: `frozen_graph` (a model becomes a frozen graph of
TensorFlow) → `engine` → `forms` (operations that tf2onnx lacks) → `result` (names,
sizes, weights).
"""
