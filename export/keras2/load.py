"""A model file of Keras 2 becomes a model of Keras 3."""

from __future__ import annotations

import os
from pathlib import Path

import keras

from keras_acts.export.keras2 import file, weights
from keras_acts.export.keras2.graph import make_model


def load_keras2_model(
    path: str | os.PathLike[str], *, unsafe: bool = False
) -> keras.Model:
    """Load an `.h5` or `.keras` file that Keras 2 or 1 wrote.

    Layers, arguments and TensorFlow's functions that Keras 3 calls otherwise are
    translated. The model is not compiled.

    Args:
        path: The file.
        unsafe: Whether the code of Lambda layers may be loaded. It runs when the model
            is called.

    Raises:
        UnsupportedOperationError: Keras 3 has no counterpart of a part of the model.
        ValueError: The file holds weights alone, or other weights than its model, or
            a Lambda layer that `unsafe` does not allow.
    """
    source = Path(path)
    described = file.configuration(source)
    model = make_model(described, unsafe=unsafe)
    if file.is_hdf5(source):
        weights.load_hdf5(model, source)
    else:
        weights.load_archive(model, described, source)
    return model
