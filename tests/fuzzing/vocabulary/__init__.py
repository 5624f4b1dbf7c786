"""The words of a random program: operations, layers, custom code.

A word takes a `Pool` and returns the code of a step, or raises `NoFitError`.
"""
