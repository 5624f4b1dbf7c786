"""What lies inside a model: layers of Keras beside values of the ONNX file."""
