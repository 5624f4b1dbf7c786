"""Models whose files must not depend on the backend, and a process that exports them.

As a script it forbids the import of every backend but its own, and of the runtime, and
prints the SHA-256 of each exported file as JSON.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

BACKENDS = ("jax", "tensorflow", "torch", "openvino")
"""The backends, each by the name of its package."""

NEEDS = {"numpy": "jax"}
"""The package that a backend imports, where it isn't the one of its name."""


class Forbidden(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds some packages before any other finder does, and refuses to load them."""

    def __init__(self, *packages: str) -> None:
        self.packages = packages

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.split(".")[0] not in self.packages:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: Any) -> Any:
        raise ImportError(f"{spec.name} is forbidden in this process")

    def exec_module(self, module: Any) -> None:
        """Nothing is ever loaded."""


def convolutional() -> Any:
    import keras
    from keras import layers

    x = keras.Input((None, None, 3), name="image")
    last = {"data_format": "channels_last"}
    y = layers.Conv2D(4, 3, padding="same", activation="relu", **last)(x)
    y = layers.BatchNormalization()(layers.MaxPooling2D(**last)(y))
    y = layers.PReLU(shared_axes=[1, 2])(y)
    y = layers.SeparableConv2D(5, 3, strides=2, padding="same", **last)(y)
    y = layers.UpSampling2D(2, interpolation="bilinear", **last)(y)
    y = layers.GlobalAveragePooling2D(**last)(layers.Dropout(0.3)(y))
    return keras.Model(x, layers.Dense(3, activation="softmax")(y), name="conv")


def activations() -> Any:
    import keras

    from keras_acts import layers

    x = keras.Input((8,), name="features")
    y = keras.layers.Dense(8, activation=layers.Mish())(x)
    y = layers.Swish(learnable=True)(layers.Snake(learnable=True)(y))
    y = layers.Maxout(6)(layers.APReLU()(y))
    y = layers.SReLU()(layers.PReLU()(layers.PELU()(y)))
    y = layers.GEGLU()(layers.GELU(approximate="tanh")(y))
    outputs = {"sparse": layers.Sparsemax()(y), "entmax": layers.Entmax15()(y)}
    return keras.Model(x, outputs, name="activations")


def mixed() -> Any:
    import keras
    from keras import layers, ops

    words = keras.Input((None,), dtype="int32", name="words")
    features = keras.Input((4,), name="features")
    y = layers.Embedding(9, 6, mask_zero=True)(words)
    y = layers.GlobalAveragePooling1D()(layers.Dense(6, activation="tanh")(y))
    y = layers.LayerNormalization()(layers.EinsumDense("bc,cd->bd", (6,))(y))
    z = keras.Sequential([layers.Dense(6, activation="gelu"), layers.Dense(6)])(
        features
    )
    y = layers.Concatenate()([layers.Multiply()([y, z]), ops.log(ops.abs(z) + 1.5)])
    y = layers.Dense(6, activation="hard_silu", dtype="mixed_float16")(y)
    return keras.Model([words, features], [y, layers.Reshape((2, 3))(z)], name="mixed")


def recurrent() -> Any:
    import keras
    from keras import layers

    words = keras.Input((None,), dtype="int32", name="words")
    y = layers.Embedding(9, 4, mask_zero=True)(words)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.GRU(3, activation="softsign", return_sequences=True)(y)
    y = layers.SimpleRNN(3, return_sequences=True)(y)
    y = layers.TimeDistributed(layers.Dense(2))(y)
    return keras.Model(words, y, name="recurrent")


def looping() -> Any:
    import keras
    from keras import layers

    x = keras.Input((None, 6, 2), name="frames")
    y = layers.ConvLSTM1D(3, 3, padding="same", return_sequences=True)(x)
    y = layers.TimeDistributed(layers.Flatten())(y)
    cells = [layers.SimpleRNNCell(3), layers.LSTMCell(2)]
    y = layers.RNN(cells, return_sequences=True)(layers.Masking()(y))
    return keras.Model(x, y, name="looping")


def quantized() -> Any:
    import keras
    from keras import layers

    x = keras.Input((4, 8), name="features")
    y = layers.Dense(6, activation="gelu", name="eight")(x)
    y = layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", name="four")(y)
    model = keras.Model(x, layers.Dense(5, name="adapted")(y), name="quantized")
    model.get_layer("eight").quantize("int8")
    model.get_layer("four").quantize("int4")
    model.get_layer("adapted").quantize("float8")
    return model


MODELS: dict[str, Callable[[], Any]] = {
    "conv": convolutional,
    "activations": activations,
    "mixed": mixed,
    "recurrent": recurrent,
    "looping": looping,
    "quantized": quantized,
}


def save_all(folder: Path) -> None:
    """Save each model, with weights that are the same on every backend."""
    from support.export_check import randomize

    for name, make in MODELS.items():
        model = make()
        randomize(model)
        model.save(folder / f"{name}.keras")


def digests(folder: Path) -> dict[str, str]:
    """Load, export and hash each saved model."""
    import keras

    from keras_acts import layers  # noqa: F401  it registers the layers
    from keras_acts.export import to_onnx

    found: dict[str, str] = {}
    for name in MODELS:
        path = folder / f"{name}-{keras.backend.backend()}-{os.getpid()}.onnx"
        to_onnx(keras.models.load_model(folder / f"{name}.keras"), path)
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


if __name__ == "__main__":
    backend, folder = sys.argv[1:]
    others = [name for name in BACKENDS if name != NEEDS.get(backend, backend)]
    sys.meta_path.insert(0, Forbidden(*others, "onnxruntime", "tf2onnx", "jax2onnx"))
    print(json.dumps(digests(Path(folder))))
