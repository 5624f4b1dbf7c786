"""Which backend Keras takes, and in one sentence why it can't be imported."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch", "openvino")
"""The names of Keras's backends that are packages of their own."""

PREFERRED = ("torch", "jax", "tensorflow", "openvino")
"""Those that the command line takes in place of a missing one, the quickest first, and
last the one that computes coarsely. NumPy's isn't among them: it needs JAX."""

_VARIABLE = "KERAS_BACKEND"
_DEFAULT = "tensorflow"
_NEEDS = {"numpy": "jax"}
"""The package of another backend that a backend of Keras imports."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Explain the ImportError of a backend that is not installed.

    Raises:
        ImportError: Keras's backend is not installed; the message names those that are.
    """
    try:
        yield
    except ImportError as error:
        wanted = (error.name or "").partition(".")[0]
        if wanted not in BACKENDS:
            raise
        raise ImportError(_message(wanted), name=error.name) from error


def _message(wanted: str) -> str:
    present = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if present:
        remedy = f"Installed: {', '.join(present)}; set {_VARIABLE}={present[0]}"
    else:
        remedy = 'No other is; install one, as with `pip install "keras-acts[jax]"`'
    return f"Keras's backend is {_described(wanted)} not installed. {remedy}."


def _described(package: str) -> str:
    """Return which backend lacks a package, and the start of "is not installed"."""
    chosen = os.environ.get(_VARIABLE) or _configured()
    if _NEEDS.get(chosen) == package:
        return f"{chosen}, which imports {package}, and {package} is"
    return f"{package}, which is"


def replace_missing_default() -> str | None:
    """Let Keras take an installed backend where its default one is missing.

    A backend that the environment asks for stays, installed or not.

    Returns:
        What was done, in one sentence; None if nothing was.
    """
    if os.environ.get(_VARIABLE) or sys.modules.get("keras") is not None:
        return None
    wanted = _configured()
    package = _NEEDS.get(wanted, wanted)
    if package not in BACKENDS or importlib.util.find_spec(package):
        return None
    for name in PREFERRED:
        if importlib.util.find_spec(name):
            os.environ[_VARIABLE] = name
            return (
                f"Keras's backend {wanted} is not installed, so {name} is used; "
                f"set {_VARIABLE} to choose another"
            )
    return None


def _configured() -> str:
    """Return the backend that Keras's file of settings names, else Keras's default."""
    home = os.environ.get("KERAS_HOME")
    folder = Path(home) if home else Path("~").expanduser() / ".keras"
    try:
        settings = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
        return str(settings.get("backend", _DEFAULT))
    except (OSError, ValueError, AttributeError):
        return _DEFAULT


def goes_without_keras() -> bool:
    """Whether Keras is left out: on the command line, or where it can't be had.

    A service of exported files has no backend.
    """
    if sys.modules.get("keras") is not None:
        return False
    return _is_command_line() or _has_no_backend()


def imports_keras_later() -> bool:
    """Whether this is the command line, before it has imported Keras.

    It answers help and mistakes at once, and imports Keras, which takes seconds, only
    where it reads a model.
    """
    return sys.modules.get("keras") is None and _is_command_line()


def _has_no_backend() -> bool:
    """Whether no backend is installed, and none is asked for."""
    return not os.environ.get(_VARIABLE) and not any(
        importlib.util.find_spec(name) for name in BACKENDS
    )


def _is_command_line() -> bool:
    """Whether the program is `keras-acts`, or `python -m keras_acts`.

    Python sets the program to "-m" while it locates the module, and to its file then.
    """
    program = Path(sys.argv[0] if sys.argv else "")
    if program.name == "-m":
        return not {"keras_acts", "-mkeras_acts"}.isdisjoint(sys.orig_argv)
    if program.name == "__main__.py":  # in processes that this one starts
        return program.parent.name == "keras_acts"
    return program.name.removesuffix(".exe") == "keras-acts"
