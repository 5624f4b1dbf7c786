"""onnxruntime's quantizer prints, and sets up the logging of the whole process."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the quantizer prints and logs to itself.

    Its `logging.basicConfig` does nothing while the root logger has a handler, so one
    that drops everything stands there where the user has none.
    """
    root = logging.getLogger()
    dropped = logging.NullHandler()
    root.addHandler(dropped)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.removeHandler(dropped)
