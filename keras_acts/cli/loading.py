"""Load the model that a command names, or explain in one line why it can't be."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras_acts
from keras_acts._backend import explained, replace_missing_default
from keras_acts.cli.codes import CommandError
from keras_acts.cli.terminal import progress, warn
from keras_acts.cli.untrusted import check_model_file

SUFFIXES = (".keras", ".h5", ".hdf5")
_SAVED_MODEL = "saved_model.pb"


def load(
    path: Path,
    *,
    unsafe: bool,
    modules: Iterable[str],
    signature: str | None = None,
    compiled: bool = False,
) -> Any:
    """Load a model: a `keras.Model`, or a `SavedModel`.

    Args:
        path: A `.keras` or `.h5` file, or the folder of a SavedModel.
        unsafe: Allow code in the file, such as the functions of Lambda layers.
        modules: Modules to import first, which register custom layers.
        signature: The signature of a SavedModel; None for the default one.
        compiled: Load its loss and optimizer too, where they can be loaded.

    Raises:
        CommandError: A module cannot be imported, or the path holds no model of these
            kinds.
        EngineError: A SavedModel needs TensorFlow, which is not installed.
    """
    if signature is not None and not path.is_dir():
        raise CommandError(
            f"--signature is for SavedModels. Received: {signature!r} with {path}"
        )
    keras = import_keras()
    from keras_acts.export.errors import ExportError

    for module in modules:
        _import(module)
    if path.is_dir():
        return _load_saved_model(path, signature)
    try:
        with progress(f"Loading {path}"):
            return _loaded(keras, path, unsafe=unsafe, compiled=compiled)
    except ExportError:
        raise  # it says which part of an old file has no counterpart
    except Exception as error:
        raise CommandError(_explained(path, error)) from error


def _loaded(keras: Any, path: Path, *, unsafe: bool, compiled: bool) -> Any:
    from keras_acts.export.keras2 import is_keras2_file, load_keras2_model

    if is_keras2_file(path):
        return load_keras2_model(path, unsafe=unsafe)
    if compiled:
        with contextlib.suppress(Exception):  # such as a loss that isn't registered
            return keras.saving.load_model(path, compile=True, safe_mode=not unsafe)
    return keras.saving.load_model(path, compile=False, safe_mode=not unsafe)


def import_keras() -> Any:
    """Import Keras, on a backend that is installed, and what this package registers.

    Raises:
        ImportError: Keras or the backend asked for is not installed.
    """
    replaced = replace_missing_default()
    if replaced:
        warn(f"{replaced}.")
    with progress("Importing Keras"), explained():
        import keras

        if not hasattr(keras_acts, "layers"):
            importlib.reload(keras_acts)  # with the imports that it left out
    return keras


def check_model_path(path: Path, largest: float | None = None) -> None:
    """Check that a path can be a model, without importing Keras.

    Args:
        path: The path.
        largest: Gigabytes to which a file may unpack; None for what is usual.

    Raises:
        CommandError: The path does not exist, or is of another kind.
    """
    if not path.exists():
        raise CommandError(
            f"MODEL must be a file or folder that exists. Received: {path}"
        )
    if path.is_dir():
        if not (path / _SAVED_MODEL).is_file():
            raise CommandError(
                "MODEL must be a SavedModel where it is a folder. "
                f"Received: {path}, which has no {_SAVED_MODEL}"
            )
        return
    if path.suffix not in SUFFIXES:
        raise CommandError(
            f"MODEL must be a {' or '.join(SUFFIXES)} file or a SavedModel folder. "
            f"Received: {path}"
        )
    check_model_file(path, largest)


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


_UNKNOWN = re.compile(
    r"(?:Could not locate \w+|Unknown [\w ]+:|Could not deserialize(?= 'keras\.)) "
    r"'([^']+)'"
)


def _explained(path: Path, error: Exception) -> str:
    text = str(error)
    if "safe_mode" in text or "unsafe" in text.lower():
        return (
            "The model holds code, such as a Lambda layer, which runs when it is "
            f"loaded. If you trust the file, allow it with --unsafe. Received: {path}"
        )
    named = _UNKNOWN.search(text)
    if named:
        return (
            f"The model holds {named[1]!r}, which is unknown here; import the module "
            f"that registers it with --import MODULE. Received: {path}"
        )
    if "No model config" in text:
        return (
            "MODEL must be a whole model, as `model.save` writes, not weights alone. "
            f"Received: {path}"
        )
    return (
        f"The model cannot be loaded. Received: {path} "
        f"({type(error).__name__}: {_reason(text)})"
    )


def _reason(text: str) -> str:
    """Return an error's first sentence; what follows are whole configurations."""
    line = " ".join(text.split())
    sentence = re.split(r"(?<=[.:!]) (?=[A-Z`<{])", line, maxsplit=1)[0]
    return sentence if len(sentence) <= 200 else f"{sentence[:200]} …"
