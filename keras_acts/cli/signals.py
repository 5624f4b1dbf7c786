"""Ctrl-C, SIGTERM and closed pipes end a command in one line, with the usual code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

SIGPIPE = 13
"""Its number everywhere; Windows has no name for it."""

_ENDED_BY = 128
"""What shells add to the number of the signal that ended a program."""

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}

_PATIENCE = 3.0
"""Seconds in which the command may clear away what it has begun."""


class Stopped(BaseException):
    """A signal arrived; no handler of errors may take it for one."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def stopping_in_one_line() -> Iterator[None]:
    """Exit with 130 on Ctrl-C, 143 on SIGTERM, 141 where nobody reads the output.

    What was begun is cleared away on the way out, as after an error.
    """
    _watch_signals()
    for number in _WORDS:
        signal.signal(number, _stop)
    try:
        yield
    except Stopped as stopped:
        _leave(stopped.number)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(number)


def _watch_signals() -> None:
    """Leave soon after a signal, even if the main thread doesn't.

    It may be in a long call of a library, or in one that catches every exception:
    Keras on torch does, where it tries a layer on symbolic tensors.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), daemon=True).start()


def _watch(reader: int) -> None:
    while True:
        (number,) = os.read(reader, 1)
        if number in _WORDS:
            time.sleep(_PATIENCE)
            _leave(number)


def _leave(number: int) -> NoReturn:
    """Exit at once: threads of a backend may still compute, and would be waited for."""
    with contextlib.suppress(OSError):
        if number in _WORDS:
            print(f"keras-acts: {_WORDS[signal.Signals(number)]}", file=sys.stderr)
        sys.stderr.flush()
    os._exit(_ENDED_BY + number)


def leave_to_program() -> None:
    """Let what runs next end by its own handlers, in its own time, and with code 0."""
    signal.set_wakeup_fd(-1)
    for number in _WORDS:
        signal.signal(number, lambda *_: None)
