"""Lines on stderr for work that takes longer than a reader's patience."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

PATIENCE = 2.0
"""Seconds after which a line says what is being done."""


@contextlib.contextmanager
def telling(what: str) -> Iterator[None]:
    """Say on stderr what is being done, once it has taken `PATIENCE` seconds."""
    timer = threading.Timer(
        PATIENCE, lambda: print(f"{what} …", file=sys.stderr, flush=True)
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
