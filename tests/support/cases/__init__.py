"""The rows, one module a family."""
