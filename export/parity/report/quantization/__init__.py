"""What a quantization cost, as data and as a table."""
