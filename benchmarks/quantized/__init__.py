"""Networks trained on real data, quantized: answers, size and time."""
