"""A limit on the memory of the process, so that no file can take the machine's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from keras_acts.cli.codes import CommandError
from keras_acts.cli.untrusted import GIGABYTE


@contextlib.contextmanager
def limited(gigabytes: float | None) -> Iterator[None]:
    """Let allocations fail beyond what was asked for, or what the machine has.

    Systems without such a limit are left as they are.

    Raises:
        CommandError: It is no positive number.
    """
    if gigabytes is not None and not 0 < gigabytes < float("inf"):
        raise CommandError(
            f"--max-memory must be a number above 0. Received: {gigabytes}"
        )
    size = available() if gigabytes is None else int(gigabytes * GIGABYTE)
    before = _set(size) if size is not None else None
    try:
        yield
    finally:
        if before is not None:
            _set(before)


def _set(size: int) -> int | None:
    """Set the limit; return the one before, None where there is none to set."""
    try:
        import resource

        before, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY and not 0 <= size <= hard:
            size = hard
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))
    except (ImportError, ValueError, OSError):
        return None
    return before


def available() -> int | None:
    """Return the bytes that this process can have; None where that is unknown."""
    free = _kilobytes("/proc/meminfo", "MemAvailable:")
    own = _kilobytes("/proc/self/status", "VmData:")
    return None if free is None or own is None else 1024 * (free + own)


def _kilobytes(path: str, key: str) -> int | None:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(key):
            return int(line.split()[1])
    return None
