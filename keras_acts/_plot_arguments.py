"""Activations as text, with arguments: `"leaky_relu:negative_slope=0.2"`.

Without Keras, so that the command line can check what it is given at once.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any


def parsed(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name of an activation and its arguments.

    Args:
        text: `NAME` or `NAME:ARGUMENT=VALUE,…`; a value is a Python literal, or a text
            without quotation marks.

    Raises:
        ValueError: An argument has no name or no value, or is given twice.
    """
    name, colon, rest = text.partition(":")
    arguments: dict[str, Any] = {}
    for part in _split(rest) if colon else []:
        key, equals, value = (one.strip() for one in part.partition("="))
        if not equals or not key or not value:
            raise ValueError(
                "Arguments of an activation are given as "
                "NAME:ARGUMENT=VALUE,ARGUMENT=VALUE, such as "
                f"leaky_relu:negative_slope=0.2. Received: {text!r}"
            )
        if key in arguments:
            raise ValueError(f"{key} is given twice. Received: {text!r}")
        arguments[key] = _literal(value)
    return name.strip(), arguments


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


WEIGHT = "_initializer"
"""How the argument of a layer ends that names one of its weights."""

COMMON = ("sharing", "shared_axes", "data_format", "channels")
"""Arguments of each layer whose weights share a shape."""


def settable(arguments: Iterable[str]) -> list[str]:
    """Return what can be set of an activation: its arguments, and what it learns."""
    names = list(arguments)
    weights = [one.removesuffix(WEIGHT) for one in names if one.endswith(WEIGHT)]
    common = COMMON if "sharing" in names or weights else ()
    return list(dict.fromkeys([*weights, *names, *common]))


def check_arguments(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Check the names of an activation's arguments.

    Raises:
        ValueError: One is not among the known ones; the message suggests another.
    """
    names = list(known)
    for key in given:
        if key in names:
            continue
        near = difflib.get_close_matches(key, names, n=1)
        short = [one for one in names if not one.endswith(_SETTINGS)]
        has = f"Its arguments are {', '.join(short)}." if short else "It has none."
        hint = f"Did you mean {near[0]}?" if near else has
        raise ValueError(f"{name} has no such argument. {hint} Received: {key!r}")


_SETTINGS = (WEIGHT, "_regularizer", "_constraint", *COMMON)


def numbers(text: str) -> list[float]:
    """Return the finite numbers between commas, or none where something else is."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def check_range(given: Any, what: str = "`range`") -> tuple[float, float]:
    """Return the two ends of a range.

    Raises:
        ValueError: They are no finite numbers, or not in order.
    """
    pair = _pair(given)
    if pair is None or not pair[0] < pair[1]:
        raise ValueError(
            f"{what} must be two finite numbers, the lower one first. "
            f"Received: {given!r}"
        )
    return pair


def check_size(given: Any, what: str = "`size`") -> tuple[float, float] | None:
    """Return a width and a height in inches; None stays.

    Raises:
        ValueError: They are no two numbers from 2 to 100.
    """
    if given is None:
        return None
    pair = _pair(given)
    if pair is None or not all(2 <= one <= 100 for one in pair):
        raise ValueError(
            f"{what} must be a width and a height in inches, from 2 to 100. "
            f"Received: {given!r}"
        )
    return pair


def check_vary(given: Any) -> dict[str, list[float] | None] | None:
    """Return the values of each parameter to vary; None for those chosen from it.

    Raises:
        ValueError: It is no name, and gives no numbers by name.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return {given: None}
    try:
        if not isinstance(given, Mapping):
            raise TypeError
        found = {str(name): _listed(values) for name, values in given.items()}
    except (TypeError, ValueError):
        found = {}
    if not found or any(values == [] for values in found.values()):
        raise ValueError(
            "`vary` must be the name of a parameter, or give each one number at least, "
            f'such as {{"alpha": [0.5, 1, 2]}}. Received: {given!r}'
        )
    return found


def _listed(values: Any) -> list[float] | None:
    """Return finite numbers, an empty list where one isn't; None stays."""
    if values is None:
        return None
    found = [] if isinstance(values, str) else [float(one) for one in values]
    return found if all(map(math.isfinite, found)) else []


def check_flags(**given: Any) -> None:
    """Check arguments that are True or False.

    Raises:
        ValueError: One is neither.
    """
    for name, value in given.items():
        if not isinstance(value, bool):
            raise ValueError(f"`{name}` must be True or False. Received: {value!r}")


def check_title(given: Any) -> None:
    """Check the title of a figure.

    Raises:
        ValueError: It is neither a text nor None.
    """
    if given is not None and not isinstance(given, str):
        raise ValueError(f"`title` must be a text or None. Received: {given!r}")


def _pair(given: Any) -> tuple[float, float] | None:
    """Return two finite numbers, or None if they are no such."""
    try:
        low, high = (float(one) for one in given)
    except (TypeError, ValueError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None
