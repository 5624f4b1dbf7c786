"""Record what Keras answers for some digits: images and probabilities, as .npz.

    python -m support.digits FOLDER

The folder is what `examples/quickstart.py --folder` wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_acts  # noqa: F401 - registers the layers of the model

COUNT = 24


def record(folder: Path) -> None:
    """Write digits.npz beside digits.keras."""
    model = keras.models.load_model(folder / "digits.keras")
    images = (load_digits().images[:COUNT, ..., np.newaxis] / 16).astype("float32")
    answers = model.predict(images, verbose=0)
    np.savez(folder / "digits.npz", image=images, digit=answers)


if __name__ == "__main__":
    record(Path(sys.argv[1]))
