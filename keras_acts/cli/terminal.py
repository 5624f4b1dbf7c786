"""Output: results go to stdout, all else to stderr, each error in one line."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from keras_acts.cli.codes import Code, CommandError, code_of
from keras_acts.cli.memory import limited
from keras_acts.cli.signals import SIGPIPE, Stopped

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PATIENCE = 2.0
"""Seconds after which a line on stderr says what is being done."""

WIDTH = 80
"""Columns of a result where no terminal sets the width."""

_MOST = 600
"""Characters of an error's line; its type and its end matter, not a whole config."""

_NOISY = r"(absl|google|jax|keras|ml_dtypes|numpy|tensorflow|tf2onnx|torch)(\..*)?$"


def rendered(*parts: RenderableType) -> str:
    """Return rich text and tables as plain text, as wide as the terminal."""
    console = _console(sys.stdout, io.StringIO())
    for part in parts:
        console.print(part)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _console(stream: Any, file: Any = None) -> Console:
    from rich.console import Console

    wide = None if stream.isatty() else WIDTH
    return Console(file=file or stream, width=wide, highlight=False)


def print_json(content: Any) -> None:
    """Print a result as JSON."""
    _print(json.dumps(content, indent=2, ensure_ascii=False))


def _print(text: str) -> None:
    try:
        print(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise Stopped(SIGPIPE) from None


def print_error(message: str) -> None:
    """Print an error on stderr."""
    print(f"keras-acts: error: {message}", file=sys.stderr)


def fail(error: Exception, code: Code, *, as_json: bool) -> NoReturn:
    """Print an error in one line, and as JSON where asked for, and exit."""
    message = one_line(str(error)) or type(error).__name__
    print_error(message)
    if as_json:
        print_json({"error": described(error), "exit_code": int(code)})
    sys.exit(int(code))


def described(error: Exception) -> dict[str, str]:
    """Return an error as it is printed as JSON."""
    kind = type(error).__name__
    return {"type": kind, "message": str(error) or kind}


def quieten_onnxruntime() -> None:
    """Leave its messages to the errors that it raises as well."""
    with contextlib.suppress(ImportError):
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)


Work = Callable[[], tuple[Mapping[str, Any], str, Code]]


def answer(work: Work, *, as_json: bool, memory: float | None = None) -> NoReturn:
    """Do a command's work, print its result or its error, and exit with its code.

    Args:
        work: Returns the result as JSON, the result as text, and the exit code. What it
            prints itself goes to stderr.
        as_json: Whether to print the result as JSON.
        memory: The gigabytes to take at most; None for those that the machine has.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr), _quiet(), limited(memory):
            content, text, code = work()
    except MemoryError as error:
        fail(out_of_memory(error), Code.BAD_INPUT, as_json=as_json)
    except Exception as error:
        fail(error, code_of(error), as_json=as_json)
    if as_json:
        print_json({**content, "exit_code": int(code)})
    else:
        _print(text)
    sys.exit(int(code))


def out_of_memory(error: MemoryError) -> CommandError:
    """Return what to say where an allocation failed."""
    return CommandError(
        "The memory does not suffice; the limit is what the machine has, or what "
        f"--max-memory GB sets. Received: {str(error) or 'MemoryError'}"
    )


def show(work: Callable[[], tuple[Any, str]], *, as_json: bool) -> None:
    """Print what is known without computing, or its error, as `answer` does."""
    try:
        content, text = work()
    except Exception as error:
        fail(error, code_of(error), as_json=as_json)
    if as_json:
        print_json(content)
    else:
        _print(text)


def one_line(text: str) -> str:
    """Return a text in one line, without its middle where it is very long."""
    line = " ".join(text.split())
    if len(line) <= _MOST:
        return line
    received = line.rpartition("Received: ")[2]
    tail = (
        f"Received: {received}" if len(received) < _MOST // 2 else line[-_MOST // 4 :]
    )
    return f"{line[: _MOST - len(tail)]} … {tail}"


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
    warn(str(message))


def warn(message: str) -> None:
    """Print a warning on stderr, in one line."""
    print(f"keras-acts: warning: {one_line(message)}", file=sys.stderr)


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on stderr what is being done, once it has taken `PATIENCE` seconds."""
    status: Any = None

    def tell() -> None:
        nonlocal status
        console = _console(sys.stderr)
        if console.is_terminal:
            status = console.status(what)
            status.start()
        else:
            console.print(what, markup=False, soft_wrap=True)

    timer = threading.Timer(PATIENCE, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if status is not None:
            status.stop()
