"""A measured step of a model: forward, or forward and backward, by each backend."""
