"""Networks beside their twins in PyTorch, by torch.onnx."""
