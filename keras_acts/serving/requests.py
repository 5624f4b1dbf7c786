"""Requests of the Open Inference Protocol as arrays that the model takes, or a refusal.

Sizes are compared before anything of that size is made.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from kserve import InferInput, InferRequest
from kserve.errors import InvalidInput

from keras_acts._onnx_files.ports import Port, Ports
from keras_acts.serving.elements import ElementError, converted, texts


def feeds_of(
    request: InferRequest, ports: Ports, *, most_bytes: int, max_size: int
) -> dict[str, np.ndarray]:
    """Return the inputs of a request by name.

    Args:
        request: The request.
        ports: What the model takes.
        most_bytes: Of an input.
        max_size: The most that a size may be that the model leaves open; 0 for any.

    Raises:
        InvalidInput: An input is missing, unknown, or has another type or shape.
    """
    given = {one.name: one for one in request.inputs}
    expected = {one.name: one for one in ports.inputs}
    if len(given) < len(request.inputs) or given.keys() != expected.keys():
        raise InvalidInput(
            f"The inputs must be {_listed(expected)}, each once. "
            f"Received: {_listed(one.name for one in request.inputs)}"
        )
    bound: dict[str, int] = {}
    for name, port in expected.items():
        _check(given[name], port, bound, most_bytes, max_size)
    return {name: _array(given[name], port) for name, port in expected.items()}


def names_of(request: InferRequest, ports: Ports) -> list[str]:
    """Return the outputs that a request asks for; all of them where it names none.

    Raises:
        InvalidInput: The model has no such output.
    """
    all_names = [one.name for one in ports.outputs]
    asked = [one.name for one in request.request_outputs or ()] or all_names
    if not set(asked) <= set(all_names) or len(set(asked)) < len(asked):
        raise InvalidInput(
            f"The outputs must be among {_listed(all_names)}, each once. "
            f"Received: {_listed(asked)}"
        )
    return asked


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names)) or "none"


def _check(
    one: InferInput, port: Port, bound: dict[str, int], most_bytes: int, max_size: int
) -> None:
    """Check the type and the shape that an input says it has.

    Args:
        one: The input.
        port: What the model takes.
        bound: The sizes of the names that inputs share, which this one adds to.
        most_bytes: Of an input.
        max_size: The most of an open size.

    Raises:
        InvalidInput: They are wrong, or too large.
    """
    if one.datatype != port.kind.protocol:
        raise InvalidInput(
            f"The input {port.name!r} must be {port.kind.protocol}. "
            f"Received: {one.datatype}"
        )
    shape = one.shape
    if (
        not isinstance(shape, Sequence)
        or not all(type(n) is int and n >= 0 for n in shape)
        or not port.fits(shape)
    ):
        raise InvalidInput(
            f"The input {port.name!r} must have the shape {port.shape}, with any size "
            f"for -1. Received: {shape}"
        )
    for n, size in zip(shape, port.sizes, strict=True):
        if isinstance(size, str) and bound.setdefault(size, n) != n:
            raise InvalidInput(
                f"The size {size!r} must be the same in each input. "
                f"Received: {bound[size]}, and {n} in {port.name!r}"
            )
        if not isinstance(size, int) and not 1 <= n <= (max_size or n):
            # Kernels of onnxruntime end the process on inputs without elements.
            most = f" and at most {max_size}" if max_size else ""
            raise InvalidInput(
                f"The open sizes of {port.name!r} must be 1 or more{most}. "
                f"Received: {shape}"
            )
    if math.prod(shape) * max(port.kind.itemsize, 1) > most_bytes:
        raise InvalidInput(
            f"The input {port.name!r} must have at most {most_bytes} bytes. "
            f"Received: the shape {shape}"
        )


def _array(one: InferInput, port: Port) -> np.ndarray:
    """Return the elements of an input in its shape.

    Raises:
        InvalidInput: They are others, or more or fewer than the shape has.
    """
    try:
        data = one.data
        array = converted(data, port) if len(data) else one.as_numpy()
        if port.kind.protocol == "BYTES":
            array = texts(array)
        if array.ndim > 1 and list(array.shape) != list(one.shape):
            raise ElementError(f"they are nested as {list(array.shape)}")
        return array.reshape(one.shape)
    except (ValueError, TypeError, OverflowError, struct.error) as error:
        raise InvalidInput(
            f"The input {port.name!r} must be {math.prod(one.shape)} elements of "
            f"{port.kind.protocol}, in a row or nested as {one.shape}. "
            f"Received: {error}"
        ) from error
