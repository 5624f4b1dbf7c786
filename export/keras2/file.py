"""What is inside a `.h5` or `.keras` file: who wrote it, configuration, weights."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class SavedLayer:
    """The weights of one layer of an `.h5` file: names and arrays, in their order."""

    name: str
    weights: tuple[tuple[str, np.ndarray], ...]


def is_keras2_file(path: Path) -> bool:
    """Whether a version of Keras before 3 wrote a model file."""
    version = _version(path)
    return version is not None and version.split(".")[0] in ("1", "2")


def is_hdf5(path: Path) -> bool:
    """Whether a file is in HDF5 format, whatever its name."""
    with path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def configuration(path: Path) -> dict[str, Any]:
    """Return the configuration of the model.

    Raises:
        ValueError: The file holds weights alone.
    """
    if not is_hdf5(path):
        with zipfile.ZipFile(path) as archive:
            found: dict[str, Any] = json.loads(archive.read("config.json"))
        return found
    with _hdf5(path) as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise ValueError(
                "No model config found: the file must hold a whole model, as "
                f"`model.save` writes. Received: {path}"
            )
        parsed: dict[str, Any] = json.loads(_text(text))
        return parsed


def saved_layers(path: Path) -> list[SavedLayer]:
    """Return the layers of an `.h5` file that have weights."""
    with _hdf5(path) as file:
        top = file.get("model_weights", file)
        found = [
            SavedLayer(name, tuple(_weights(top[name])))
            for name in _names(top, "layer_names")
        ]
    return [layer for layer in found if layer.weights]


@contextmanager
def archived_weights(path: Path) -> Iterator[h5py.File]:
    """Open the weights in a `.keras` file."""
    import h5py

    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read(_WEIGHTS))
    with h5py.File(content, "r") as file:
        yield file


def _version(path: Path) -> str | None:
    try:
        if is_hdf5(path):
            with _hdf5(path) as file:
                # Before 2.0 none was written.
                given = file.attrs.get("keras_version")
                whole = "model_config" in file.attrs
                return _text(given) if given is not None else "1" if whole else None
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read("metadata.json"))
        return str(metadata.get("keras_version"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # what it is, Keras's own loader tells


@contextmanager
def _hdf5(path: Path) -> Iterator[h5py.File]:
    import h5py

    with h5py.File(path, "r") as file:
        yield file


def _weights(group: h5py.Group) -> Iterator[tuple[str, np.ndarray]]:
    for name in _names(group, "weight_names"):
        yield name, np.asarray(group[name])


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """Return a list of names, which HDF5 keeps in pieces where it is long."""
    pieces = [attribute] if attribute in group.attrs else _pieces(group, attribute)
    return [_text(name) for piece in pieces for name in group.attrs[piece]]


def _pieces(group: h5py.Group, attribute: str) -> Iterator[str]:
    number = 0
    while (piece := f"{attribute}{number}") in group.attrs:
        yield piece
        number += 1


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
