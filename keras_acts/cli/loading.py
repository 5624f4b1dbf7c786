"""Load the model that a command names, or explain in one line why it can't be."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from keras_acts.cli.codes import CommandError
from keras_acts.cli.terminal import progress

SUFFIXES = (".keras", ".h5", ".hdf5")


def load(
    path: Path,
    *,
    unsafe: bool,
    modules: Iterable[str],
    signature: str | None = None,
) -> Any:
    """Load a model: a `keras.Model`, or a `SavedModel`.

    Args:
        path: A `.keras` or `.h5` file, or the folder of a SavedModel.
        unsafe: Allow code in the file, such as the functions of Lambda layers.
        modules: Modules to import first, which register custom layers.
        signature: The signature of a SavedModel; None for the default one.

    Raises:
        CommandError: A module cannot be imported, or the path holds no model of these
            kinds.
        EngineError: A SavedModel needs TensorFlow, which is not installed.
    """
    check_model_path(path)
    for module in modules:
        _import(module)
    if path.is_dir():
        return _load_saved_model(path, signature)
    if signature is not None:
        raise CommandError(
            f"--signature is for SavedModels. Received: {signature!r} with {path}"
        )
    try:
        with progress(f"Loading {path}"):
            return keras.saving.load_model(path, compile=False, safe_mode=not unsafe)
    except Exception as error:
        raise CommandError(_explained(path, error)) from error


def check_model_path(path: Path) -> None:
    """Check by its name and type alone that a path can be a model.

    Raises:
        CommandError: The path does not exist, or is of another kind.
    """
    if not path.exists():
        raise CommandError(
            f"MODEL must be a file or folder that exists. Received: {path}"
        )
    if path.is_dir():
        from keras_acts.export.saved_model import is_saved_model

        if not is_saved_model(path):
            raise CommandError(
                "MODEL must be a SavedModel where it is a folder. "
                f"Received: {path}, which has no saved_model.pb"
            )
        return
    if path.suffix not in SUFFIXES:
        raise CommandError(
            f"MODEL must be a {' or '.join(SUFFIXES)} file or a SavedModel folder. "
            f"Received: {path}"
        )


def _load_saved_model(path: Path, signature: str | None) -> Any:
    from keras_acts.export import load_saved_model

    with progress(f"Loading {path}"):
        return load_saved_model(path, signature)


def _import(module: str) -> None:
    # As with `python -m`, modules in the current folder are found.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        importlib.import_module(module)
    except Exception as error:
        raise CommandError(
            "--import must name a module that can be imported. "
            f"Received: {module} ({type(error).__name__}: {error})"
        ) from error


def _explained(path: Path, error: Exception) -> str:
    text = str(error)
    if "safe_mode" in text or "unsafe" in text.lower():
        return (
            "The model holds code, such as a Lambda layer, which runs when it is "
            f"loaded. If you trust the file, allow it with --unsafe. Received: {path}"
        )
    if "Could not locate" in text or "Unknown layer" in text:
        return (
            "The model holds a class that is unknown here; import the module that "
            f"registers it with --import MODULE. Received: {path} ({text})"
        )
    if "No model config" in text:
        return (
            "MODEL must be a whole model, as `model.save` writes, not weights alone. "
            f"Received: {path}"
        )
    return (
        f"The model cannot be loaded. Received: {path} ({type(error).__name__}: {text})"
    )
