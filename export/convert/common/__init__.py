"""Helpers shared by converters; no Keras operation is registered here."""
