"""Checks of the arguments that `diagnose` and the callback have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_looking(gradients: Any, saturated_below: Any, activations: Any) -> None:
    """Check how a model is to be looked at.

    Raises:
        ValueError: An argument is none of its values.
    """
    if gradients is not None and not isinstance(gradients, bool):
        raise ValueError(
            "`gradients` must be True, False or None. "
            f"Received: gradients={gradients!r}"
        )
    number = isinstance(saturated_below, int | float)
    if not number or not 0 < saturated_below < 1:
        raise ValueError(
            "`saturated_below` must be between 0 and 1. "
            f"Received: saturated_below={saturated_below!r}"
        )
    if not isinstance(activations, list | tuple | set | frozenset):
        raise ValueError(
            "`activations` must be a list of layers of the model, their classes or "
            f"names. Received: {activations!r}"
        )


def check_verbose(verbose: Any, *others: str) -> None:
    """Check what is said meanwhile: Keras's numbers are taken too.

    Raises:
        ValueError: It is neither a bool nor one of the other words.
    """
    known = isinstance(verbose, int) and verbose in (0, 1, 2)
    if not known and verbose not in others:
        words = "".join(f", {one!r}" for one in others)
        raise ValueError(
            f"`verbose` must be True or False{words}. Received: verbose={verbose!r}"
        )


def check_class_weight(given: Any) -> None:
    """Check the weights of classes.

    Raises:
        ValueError: It is no mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(
            "`class_weight` must map each class to its weight, such as "
            "{0: 1.0, 1: 5.0}. "
            f"Received: class_weight={given!r}"
        )
