"""Explain in one sentence why Keras can't be imported without its backend."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
"""The names of Keras's backends, which are those of their packages."""

_BAD_INPUT = 2  # that of `keras_acts.cli.codes`, whose import needs Keras


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Explain the ImportError of a backend that is not installed.

    The command line, which needs Keras for everything, prints the message and exits.

    Raises:
        ImportError: Keras's backend is not installed; the message names those that are.
    """
    try:
        yield
    except ImportError as error:
        wanted = (error.name or "").partition(".")[0]
        if wanted not in BACKENDS:
            raise
        message = _message(wanted)
        if _is_command_line():
            print(f"keras-acts: error: {message}", file=sys.stderr)
            raise SystemExit(_BAD_INPUT) from None
        raise ImportError(message, name=error.name) from error


def _message(wanted: str) -> str:
    present = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if present:
        remedy = f"Installed: {', '.join(present)}; set KERAS_BACKEND={present[0]}"
    else:
        remedy = 'No other is; install one, as with `pip install "keras-acts[jax]"`'
    return f"Keras's backend is {wanted}, which is not installed. {remedy}."


def _is_command_line() -> bool:
    """Whether the program is `keras-acts`, or `python -m keras_acts`.

    Python sets the program to "-m" while it locates the module.
    """
    program = Path(sys.argv[0]).stem if sys.argv else ""
    return program == "keras-acts" or (
        program == "-m" and "keras_acts" in sys.orig_argv
    )
