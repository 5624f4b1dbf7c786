"""Numbers and texts without a dtype of their own, as arrays that a model takes.

Nothing here needs a server: services of one's own use it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_acts._onnx_files.ports import Port, Ports


class ElementError(ValueError):
    """What is wrong with elements; it becomes a part of what the client reads."""


def feeds_of_lists(lists: Mapping[str, Any], ports: Ports) -> dict[str, np.ndarray]:
    """Return the inputs of a model, given as nested lists of JSON by name.

    Args:
        lists: The inputs. Numbers are taken exactly or not at all: no fraction becomes
            an integer, nothing overflows.
        ports: What the model takes.

    Raises:
        ElementError: An input is missing, unknown, or has other elements or sizes.

    Example:

    >>> ports = ports_of(onnx.load("model.onnx"))  # doctest: +SKIP
    >>> feeds_of_lists({"features": [[0.5, 1]]}, ports)  # doctest: +SKIP
    """
    expected = {one.name: one for one in ports.inputs}
    if not isinstance(lists, Mapping) or lists.keys() != expected.keys():
        given = sorted(map(str, lists)) if isinstance(lists, Mapping) else lists
        raise ElementError(f"The inputs must be {[*expected]}. Received: {given}")
    bound: dict[str, int] = {}
    feeds = {name: _feed(lists[name], port) for name, port in expected.items()}
    for name, port in expected.items():
        for n, size in zip(feeds[name].shape, port.sizes, strict=True):
            if isinstance(size, str) and bound.setdefault(size, n) != n:
                raise ElementError(
                    f"The size {size!r} must be the same in each input. "
                    f"Received: {bound[size]}, and {n} in {name!r}"
                )
    return feeds


def _feed(data: Any, port: Port) -> np.ndarray:
    try:
        found = converted(data, port)
        array = texts(found) if found.dtype.kind == "O" else found
    except (ValueError, TypeError, OverflowError) as error:
        raise ElementError(
            f"The input {port.name!r} must be lists of {port.kind.protocol}, nested as "
            f"{port.shape}. Received: {error}"
        ) from error
    check_shape(array.shape, port)
    return array


def check_shape(shape: Sequence[int], port: Port) -> None:
    """Refuse an array that has not the sizes of an input, or no elements.

    Raises:
        ElementError: It has others; on inputs without elements kernels of onnxruntime
            end the process.
    """
    if not port.fits(shape) or not all(shape):
        raise ElementError(
            f"The input {port.name!r} must have the shape {port.shape}, with any size "
            f"above 0 for -1. Received: {[*shape]}"
        )


def lists_of(array: np.ndarray) -> Any:
    """Return nested lists for JSON, which has no number for NaN and infinity: None."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    found = array.astype(object)
    found[~np.isfinite(array)] = None
    return found.tolist()


_DEEPEST = 32
"""Lists inside lists: as many as NumPy made arrays of for long."""

_TAKEN = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}
"""Kinds of numbers that each kind of array takes."""


def converted(data: Any, port: Port) -> np.ndarray:
    """Return numbers as the model's type, if they are all in its range.

    Raises:
        ElementError: They are of another kind, or out of range.
    """
    dtype = np.dtype(port.kind.dtype)
    if dtype.kind == "O":
        return np.array(data, dtype=object)
    if isinstance(data, list) and str in _kinds(data):
        # An array of texts takes as much for each as for the longest of them.
        raise ElementError("elements of another kind, texts")
    array = np.asarray(data)
    if array.dtype == dtype:
        return array
    if array.size and array.dtype.kind not in _TAKEN[dtype.kind]:
        raise ElementError(f"elements of another kind, {array.dtype}")
    with np.errstate(over="ignore"):
        found = array.astype(dtype)
    if dtype.kind == "f":
        fits = np.isfinite(found) | ~np.isfinite(array)
    else:
        fits = found == array
    if not np.all(fits):
        raise ElementError(f"elements out of the range of {port.kind.protocol}")
    return found


def _kinds(data: list[Any], depth: int = 0) -> set[type]:
    """Return the types of the elements of nested lists.

    Raises:
        ElementError: They are nested deeper than any array.
    """
    found = set(map(type, data))
    if list not in found:
        return found
    if depth == _DEEPEST:
        raise ElementError(f"lists nested deeper than {_DEEPEST}")
    inner = (_kinds(one, depth + 1) for one in data if type(one) is list)
    return found.union(*inner)


def texts(array: np.ndarray) -> np.ndarray:
    """Return an array of `str`, which is what onnxruntime takes.

    Raises:
        ElementError: An element is no text.
    """
    flat = array.ravel()
    found = np.empty(flat.size, dtype=object)
    for i, one in enumerate(flat):
        if not isinstance(one, str | bytes):
            raise ElementError(f"an element that is no text, {one!r}")
        found[i] = one.decode("utf-8") if isinstance(one, bytes) else one
    return found.reshape(array.shape)
