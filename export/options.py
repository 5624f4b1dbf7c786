"""The options of an export, checked; `keras_acts._export_options` declares them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from keras_acts._export_options import (
    DEFAULT_OPSET,
    DTYPES,
    ENGINES,
    OPSETS,
    TARGETS,
    ExportOptions,
    Names,
    about,
)
from keras_acts.export.errors import OpsetError, OptionError
from keras_acts.export.metadata import RESERVED

__all__ = [
    "DEFAULT_OPSET",
    "DTYPES",
    "ENGINES",
    "OPSETS",
    "TARGETS",
    "ExportOptions",
    "Names",
    "check_choice",
    "check_opset",
    "check_options",
    "ir_version",
]

_IR_VERSIONS = {17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 12}
_NEWEST_IR_VERSION = 13


def check_options(options: ExportOptions) -> None:
    """Raise an error if an option has an invalid value.

    Raises:
        OpsetError: The opset is not one of `OPSETS`.
        OptionError: The value of another option is invalid.
    """
    check_opset(options.opset)
    for one in fields(ExportOptions):
        choices = about(one).choices
        if choices is not None:
            check_choice(one.name, getattr(options, one.name), choices)
    check_names("inputs_as_nchw", options.inputs_as_nchw)
    check_metadata(options.metadata)


def check_opset(opset: int | None) -> int:
    """Return the opset to write, the default for None.

    Raises:
        OpsetError: It is not one of `OPSETS`.
    """
    if opset is None:
        return DEFAULT_OPSET
    if not isinstance(opset, int) or isinstance(opset, bool) or opset not in OPSETS:
        raise OpsetError(
            f"`opset` must be an integer from {OPSETS[0]} to {OPSETS[-1]}. "
            f"Received: opset={opset!r}"
        )
    return opset


def ir_version(opset: int) -> int:
    """Return the IR version that came with an opset, so that old runtimes read it."""
    return _IR_VERSIONS.get(opset, _NEWEST_IR_VERSION)


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Raise an error if the value of an option is not one of its choices.

    Raises:
        OptionError: It is not one of them.
    """
    # The type comes first: an array, say, would be compared element by element.
    if not isinstance(value, str | None) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise OptionError(
            f"`{name}` must be one of {listed}. Received: {name}={value!r}"
        )


def check_names(name: str, value: Any) -> None:
    """Raise an error if a value is not a sequence of names.

    Raises:
        OptionError: It is a single name, or not a sequence of strings.
    """
    listed = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if not listed or not all(isinstance(one, str) for one in value):
        raise OptionError(
            f"`{name}` must be a sequence of names. Received: {name}={value!r}"
        )


def check_metadata(value: Any) -> None:
    """Raise an error if a value is not a mapping of texts, or takes a key of ours.

    Raises:
        OptionError: It is neither None nor such a mapping.
    """
    if value is None:
        return
    texts = isinstance(value, Mapping) and all(
        isinstance(x, str) for pair in value.items() for x in pair
    )
    if not texts:
        raise OptionError(
            "`metadata` must be a dictionary of texts, by name. "
            f"Received: metadata={value!r}"
        )
    taken = sorted(RESERVED.intersection(value))
    if taken or "" in value:
        raise OptionError(
            "`metadata` must have names of your own; the export writes "
            f"{', '.join(sorted(RESERVED))}. Received: {taken or ['']}"
        )


def check_path(path: Any) -> None:
    """Raise an error if a value is not a path.

    Raises:
        OptionError: It is neither a string nor an `os.PathLike`.
    """
    if not isinstance(path, str | os.PathLike):
        raise OptionError(f"`path` must be the path of a file. Received: path={path!r}")
