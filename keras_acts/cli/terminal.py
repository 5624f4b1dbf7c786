"""Output: results go to stdout, all else to stderr, each error in one line."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import typer
from rich.console import Console

from keras_acts.cli.codes import Code, code_of

PATIENCE = 2.0
"""Seconds after which a line on stderr says what is being done."""

_PIPE_WIDTH = 160
_NOISY = r"(absl|google|jax|keras|ml_dtypes|numpy|tensorflow|tf2onnx|torch)(\..*)?$"


def stdout() -> Console:
    """Return a console for results, wide where no terminal sets the width."""
    piped = not sys.stdout.isatty()
    return Console(width=_PIPE_WIDTH if piped else None, highlight=False)


def print_json(content: Any) -> None:
    """Print a result as JSON."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def print_error(message: str) -> None:
    """Print an error on stderr."""
    typer.echo(f"keras-acts: error: {message}", err=True)


Work = Callable[[], tuple[Mapping[str, Any], str, Code]]


def answer(work: Work, *, as_json: bool) -> NoReturn:
    """Do a command's work, print its result or its error, and exit with its code.

    Args:
        work: Returns the result as JSON, the result as text, and the exit code. What it
            prints itself goes to stderr.
        as_json: Whether to print the result as JSON.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr), _quiet():
            content, text, code = work()
    except Exception as error:
        code = code_of(error)
        print_error(_message(error))
        if as_json:
            name = type(error).__name__
            content = {"error": {"type": name, "message": str(error)}}
            print_json({**content, "exit_code": int(code)})
        raise typer.Exit(code) from None
    if as_json:
        print_json({**content, "exit_code": int(code)})
    else:
        typer.echo(text)
    raise typer.Exit(code)


def _message(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of other libraries, and print ours in one line each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=_NOISY)
        warnings.filterwarnings("always", module=r"keras_acts\.")
        warnings.showwarning = _print_warning
        yield


def _print_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Print a warning in one line, without the location in the code."""
    typer.echo(f"keras-acts: warning: {' '.join(str(message).split())}", err=True)


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on stderr what is being done, once it has taken `PATIENCE` seconds."""
    console = Console(stderr=True)
    status = console.status(what)

    def tell() -> None:
        if console.is_terminal:
            status.start()
        else:
            console.print(what, markup=False)

    timer = threading.Timer(PATIENCE, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
