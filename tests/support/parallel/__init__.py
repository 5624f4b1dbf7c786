"""A network of every learnable activation, trained on one device and on several.

`python -m support.parallel.run WAY FOLDER` trains it in one of the ways of `WAYS` and
writes losses and weights to `FOLDER/WAY.npz`.
"""
