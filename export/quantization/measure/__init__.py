"""What a quantization cost: in answers, by node, and what it gained in time."""
