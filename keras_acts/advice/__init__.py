"""Advice with reasons and sources: which activation to take, and what ails a model.

Rules, sources and remedies are data without Keras, so that the command line answers at
once. What reads layers, `initializers` and `check`, imports it.
"""
