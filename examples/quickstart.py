"""Train on handwritten digits, export to ONNX, and classify without Keras.

    pip install -e ".[examples]" && python examples/quickstart.py

`KERAS_BACKEND=jax` or `torch` runs it on another backend, once that is installed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np
import onnxruntime
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from keras_acts import layers
from keras_acts.export import export_model


def load_data() -> list[np.ndarray]:
    """Return 1,797 real digits, 8×8 pixels each, split for training and testing."""
    digits = load_digits()
    images = (digits.images / 16.0).astype("float32")[..., np.newaxis]
    return train_test_split(
        images, digits.target, test_size=0.25, random_state=0, stratify=digits.target
    )


def build_model() -> keras.Model:
    """Return a small convolutional network whose activations learn."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            keras.layers.Conv2D(16, 3, padding="same"),
            layers.PReLU(),  # one slope a channel
            keras.layers.Conv2D(32, 3, padding="same"),
            keras.layers.BatchNormalization(),
            layers.Swish(learnable=True),  # one beta
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            layers.Maxout(48, pieces=3),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )


def main() -> None:
    """Train, save, load, export, verify, and classify with onnxruntime alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=Path("quickstart-output"))
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    train_images, test_images, train_labels, test_labels = load_data()

    print(f"Training on {len(train_images)} digits with {keras.backend.backend()}")
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(train_images, train_labels, batch_size=64, epochs=options.epochs)

    model.save(options.folder / "digits.keras")
    loaded = keras.models.load_model(options.folder / "digits.keras")
    onnx_file = options.folder / "digits.onnx"
    report = export_model(loaded, onnx_file, engine="native", inputs=test_images[:64])
    print(report)
    print(f"Parity {'OK' if report.passed else report.status.upper()}")

    # From here on there is no Keras: this is what a service does.
    session = onnxruntime.InferenceSession(onnx_file)
    (probabilities,) = session.run(["digit"], {"image": test_images})
    onnx_accuracy = np.mean(probabilities.argmax(axis=1) == test_labels)

    keras_probabilities = loaded.predict(test_images, verbose=0)
    keras_accuracy = np.mean(keras_probabilities.argmax(axis=1) == test_labels)
    print(f"Accuracy on {len(test_images)} unseen digits")
    print(f"  Keras        {keras_accuracy:.4f}")
    print(f"  onnxruntime  {onnx_accuracy:.4f}")


if __name__ == "__main__":
    main()
