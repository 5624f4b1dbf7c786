"""What a server may call a model."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def checked_name(name: str, option: str) -> str:
    """Return a name that can be a folder's and a part of a URL.

    Args:
        name: The name.
        option: What sets it, for the message.

    Raises:
        ValueError: It is none.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            "A model's name must be letters, digits, `_`, `.` and `-`, and begin with "
            f"a letter or digit; {option} sets it. Received: {name!r}"
        )
    return name
