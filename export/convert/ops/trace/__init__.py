"""Converters of the operations that only the tracer makes (kinds `trace.*`)."""
