"""Models around one activation, and the files that they are kept in."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from support.case import Case

Arrays = list[np.ndarray]


def random(*shape: int, seed: int = 0, scale: float = 2.0) -> np.ndarray:
    """Return float32 normal numbers."""
    return np.random.default_rng(seed).normal(0, scale, shape).astype("float32")


def jiggle(model: Any) -> Any:
    """Move each float weight a little, so that no test passes with initial ones."""
    for i, weight in enumerate(model.weights):
        if "float" in weight.dtype:
            step = np.abs(random(*weight.shape, seed=i, scale=0.01))
            weight.assign(keras.ops.convert_to_numpy(weight) + step)
    return model


def one_layer(case: Case) -> Any:
    """Return a Functional model of one activation, with the case's weights."""
    inputs = keras.Input(case.shape[1:])
    layer = case.make()
    model = keras.Model(inputs, layer(inputs))
    case.set_weights(layer)
    return jiggle(model)


UNITS = 4
HOST_SHAPES = ((3,), (5, 5, 2), (3, 4))
"""The inputs of Dense, Conv2D and LSTM, without the batch."""


def hosts(case: Case) -> Any:
    """Return a model of a Dense, a Conv2D and a LSTM layer with the activation."""
    dense = keras.layers.Dense(UNITS, activation=_built(case, (None, UNITS)))
    conv = keras.layers.Conv2D(
        UNITS, 2, activation=_built(case, (None, None, None, UNITS))
    )
    lstm = keras.layers.LSTM(
        UNITS,
        activation=_built(case, (None, UNITS)),
        # An exponential of an exponential would multiply a difference of rounding.
        kernel_initializer=keras.initializers.RandomUniform(-0.1, 0.1, seed=0),
        recurrent_initializer=keras.initializers.RandomUniform(-0.1, 0.1, seed=1),
    )
    inputs = [keras.Input(shape) for shape in HOST_SHAPES]
    layers = zip((dense, conv, lstm), inputs, strict=True)
    return jiggle(keras.Model(inputs, [layer(x) for layer, x in layers]))


def _built(case: Case, shape: tuple[int | None, ...]) -> Any:
    activation = case.make()
    activation.build(shape)
    return activation


def inputs_of(model: Any) -> Arrays:
    """Return a batch of two for each input of a model.

    Those of `hosts` are small, for an exponential inside a recurrent layer.
    """
    shapes = [x.shape[1:] for x in model.inputs]
    scale = 2.0 if len(shapes) == 1 else 0.3
    return [random(2, *shape, seed=i, scale=scale) for i, shape in enumerate(shapes)]


def sample_outputs(model: Any) -> Arrays:
    """Return the outputs of a model on `inputs_of` it, in inference."""
    x = inputs_of(model)
    y = model(x if len(x) > 1 else x[0], training=False)
    return [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(y)]


def _with_numbered_objects(config: str) -> str:
    """Number the objects that a configuration shares: Keras writes their addresses."""
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"{found[1]}{numbers.setdefault(found[2], len(numbers))}"

    return re.sub(r'("shared_object_id": )(\d+)', numbered, config)


def content_digest(path: Path) -> str:
    """Return the SHA-256 of what a `.keras` file holds, without the time it is from."""
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
        parts = [_with_numbered_objects(config).encode()]
        weights = io.BytesIO(archive.read("model.weights.h5"))
    arrays: dict[str, np.ndarray] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    with h5py.File(weights) as file:
        file.visititems(collect)
    for name, array in sorted(arrays.items()):
        parts += [name.encode(), str(array.dtype).encode(), array.tobytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def write_outputs(path: Path, outputs: Mapping[str, Arrays]) -> None:
    """Write the outputs of several models to one file."""
    flat = {f"{k}:{i}": y for k, ys in outputs.items() for i, y in enumerate(ys)}
    np.savez(path, **flat)


def read_outputs(path: Path) -> dict[str, Arrays]:
    """Read what `write_outputs` wrote."""
    outputs: dict[str, Arrays] = {}
    with np.load(path) as file:
        for key in file.files:
            outputs.setdefault(key.rsplit(":", 1)[0], []).append(file[key])
    return outputs
