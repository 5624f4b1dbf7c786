"""A fresh process that loads models from files and answers with their outputs.

`python -m support.reload FOLDER PATTERN…`: the outputs of each file in the folder that
has one of the patterns, written to `FOLDER/<backend>.npz` under the file's name.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

import keras_acts  # noqa: F401, registers the layers
from support import models


def _from_config(path: Path) -> Any:
    model = keras.models.model_from_json(path.read_text())
    model.load_weights(path.with_suffix(".weights.h5"))
    return model


def _from_pickle(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


LOADERS: dict[str, Callable[[Path], Any]] = {
    ".keras": keras.models.load_model,
    ".json": _from_config,
    ".pickle": _from_pickle,
}


def main(folder: Path, patterns: list[str]) -> None:
    """Load each file and write the outputs of its model."""
    outputs = {
        path.name: models.sample_outputs(LOADERS[path.suffix](path))
        for pattern in patterns
        for path in sorted(folder.glob(pattern))
    }
    models.write_outputs(folder / f"{keras.backend.backend()}.npz", outputs)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
