"""The loss that a saved model was compiled with, read without its optimizer."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from keras_acts.cli.terminal import warn


def saved_loss(path: Path) -> Any:
    """Return the loss of a `.keras` or `.h5` file; None where it has none.

    A loss of the user's own that is not known here is left out, with a warning.
    """
    read = _of_archive if path.suffix == ".keras" else _of_hdf5
    return _made(read(path))


def _of_archive(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    return (config.get("compile_config") or {}).get("loss")


def _of_hdf5(path: Path) -> Any:
    import h5py

    with h5py.File(path, "r") as file:
        config = json.loads(file.attrs.get("training_config", "{}"))
    if "loss" in config:
        return config["loss"]
    return config.get("config", {}).get("loss")


def _made(config: Any) -> Any:
    """Return losses from their configurations, in lists and dicts too."""
    if isinstance(config, list):
        return [_made(one) for one in config]
    if isinstance(config, dict) and "class_name" not in config:
        return {name: _made(one) for name, one in config.items()}
    if config is None:
        return None
    import keras

    try:
        return keras.losses.get(config)
    except (TypeError, ValueError, KeyError):
        named = config if isinstance(config, str) else config["class_name"]
        warn(f"The loss of the model is unknown here, and is left out: {named}.")
        return None
