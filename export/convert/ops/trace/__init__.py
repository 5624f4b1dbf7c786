"""Converters of operations that only the tracer creates (kinds `trace.*`)."""
