"""Refuse what is none of the choices, and name the nearest one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from keras_acts.advice.questions import SEVERAL, SYNONYMS


def chosen(argument: str, value: object, choices: Iterable[str]) -> str:
    """Return the choice that a value is, by its own name or by another word for it.

    Case, hyphens, underscores and spaces don't matter.

    Args:
        argument: Name of the argument, for the message.
        value: What was given.
        choices: What may be given.

    Raises:
        ValueError: The value is none of them.
    """
    listed = list(choices)
    known = {_plain(one): one for one in listed}
    key = _plain(value) if isinstance(value, str) else ""
    others = {_plain(word): one for word, one in SYNONYMS.items() if one in listed}
    if key in known or key in others:
        return known.get(key) or others[key]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    meant = SEVERAL.get(key) or (repr(known[near[0]]) if near else "")
    hint = f" Did you mean {meant}?" if meant and key else ""
    raise ValueError(
        f"`{argument}` must be one of {', '.join(map(repr, listed))}.{hint} "
        f"Received: {argument}={value!r}"
    )


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).lower()
