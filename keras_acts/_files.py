"""Files that are given: what they are, before anything reads them.

Outside of the export, so that the command line can look at them without Keras.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST_PROTO = 2**31 - 1
"""The largest protobuf message, and so ONNX file, in bytes."""

_OTHER_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a FIFO",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def kind_of(path: Path) -> str | None:
    """Return what a path is that is no regular file, None for one that is.

    Raises:
        OSError: It does not exist, or can't be looked at.
    """
    mode = path.stat().st_mode
    return next((name for test, name in _OTHER_KINDS.items() if test(mode)), None)


def regular_size(path: Path, what: str) -> int:
    """Return the size of a regular file, without opening it.

    Args:
        path: The file.
        what: How the message names it, such as "ONNX".

    Raises:
        FileNotFoundError: It does not exist.
        ValueError: It is not a regular file, or can't be read.
    """
    try:
        kind = kind_of(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{what} must be a file that exists. Received: {path}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{what} must be a file that can be read. Received: {path} ({reason})"
        ) from None
    if kind is not None:
        raise ValueError(f"{what} must be a regular file. Received: {path}, {kind}")
    if not os.access(path, os.R_OK):
        raise ValueError(
            f"{what} must be a file that can be read. "
            f"Received: {path} (Permission denied)"
        )
    return path.stat().st_size
