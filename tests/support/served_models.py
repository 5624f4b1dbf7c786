"""Models and Keras's answers, written where Keras is for tests where it isn't.

python -m support.served_models FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

from keras_acts import layers
from keras_acts.export import export_model

ROWS = 24


def scorer(seed: int) -> keras.Model:
    """Return a model of one input and probabilities."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8,), name="features"),
            keras.layers.Dense(16),
            layers.Mish(),
            keras.layers.Dense(3, activation="softmax", name="score"),
        ]
    )


def reader() -> keras.Model:
    """Return a model of indices of any number and of floats, with two outputs."""
    keras.utils.set_random_seed(3)
    ids = keras.Input((None,), dtype="int32", name="ids")
    scale = keras.Input((4,), name="scale")
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(
        keras.layers.Embedding(9, 4)(ids)
    )
    product = layers.SquaredReLU(name="product")(mean * scale)
    return keras.Model([ids, scale], [product, mean])


def write(folder: Path) -> None:
    """Write each model as NAME.onnx, and what Keras answers as NAME.npz."""
    rng = np.random.default_rng(0)
    features = {"features": rng.normal(size=(ROWS, 8)).astype("float32")}
    words = {
        "ids": rng.integers(0, 9, (ROWS, 5)).astype("int32"),
        "scale": rng.normal(size=(ROWS, 4)).astype("float32"),
    }
    cases = {
        "scorer": (scorer(1), features, ["score"]),
        "scorer_new": (scorer(2), features, ["score"]),
        "reader": (reader(), words, ["product", "mean"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model, inputs, outputs) in cases.items():
        report = export_model(model, folder / f"{name}.onnx")
        report.to_json(folder / f"{name}.json")
        answers = model.predict(list(inputs.values()), verbose=0)
        answers = answers if isinstance(answers, list) else [answers]
        named = dict(zip(outputs, answers, strict=True))
        np.savez(folder / f"{name}.npz", **inputs, **named)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
