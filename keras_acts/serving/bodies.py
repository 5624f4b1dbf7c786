"""Bodies of REST: JSON, or JSON and then tensors, as Triton's binary extension has it.

They are checked by hand, up to the first mistake. KServe's own models of them collect
all mistakes first, which takes hundreds of times the memory of the body.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import orjson
from kserve import InferInput, InferRequest
from kserve.errors import InvalidInput
from kserve.protocol.infer_type import RequestedOutput, deserialize_bytes_tensor

BINARY_HEADER = "inference-header-content-length"
"""The length of the JSON before the tensors, in a body of both."""

_LONGEST = 12
"""Digits of a length."""


def request_of(body: bytes, length: str | None, model: str) -> InferRequest:
    """Read the body of a request.

    Args:
        body: The body.
        length: How much of it is JSON, as the header says; None for all.
        model: The model's name.

    Raises:
        InvalidInput: It is none.
    """
    size = len(body) if length is None else _size(length, len(body))
    content = _read(body[:size])
    rest = _Rest(memoryview(body)[size:])
    inputs = [_input(one, rest) for one in content.parts("inputs", needed=True)]
    rest.check_empty()
    return InferRequest(
        model_name=model,
        request_id=content.get("id", str),
        parameters=content.get("parameters", dict),
        infer_inputs=inputs,
        request_outputs=[_output(x) for x in content.parts("outputs")] or None,
    )


def _size(length: str, whole: int) -> int:
    decimal = length.isdecimal() and len(length) <= _LONGEST
    if not decimal or int(length) > whole:
        raise InvalidInput(
            "Inference-Header-Content-Length must say how much of the body is JSON. "
            f"Received: {length or 'nothing'}"
        )
    return int(length)


def _read(text: bytes) -> _Object:
    try:
        return _Object(orjson.loads(text), "")
    except orjson.JSONDecodeError as error:
        raise _wrong("The body must be JSON", error) from error


def _wrong(expected: str, found: object) -> InvalidInput:
    return InvalidInput(
        f"A request must be of the Open Inference Protocol: {expected}. "
        f"Received: {found}"
    )


_WORDS = {str: "a text", list: "a list", dict: "an object", type(None): "nothing"}
"""Values of JSON; all others are numbers."""


class _Object:
    """An object of the JSON, and the place where it stands."""

    def __init__(self, content: Any, place: str) -> None:
        if not isinstance(content, dict):
            found = _word(content)
            raise _wrong(f"{place or 'the body'} must be an object", found)
        self._content: Mapping[str, Any] = content
        self._place = f"{place}." if place else ""

    def get(self, key: str, kind: type, *, needed: bool = False) -> Any:
        """Return a value of some kind; None where there is none."""
        found = self._content.get(key)
        if found is None and not needed:
            return None
        if not isinstance(found, kind):
            name = f"{self._place}{key}"
            raise _wrong(f"{name} must be {_WORDS[kind]}", _word(found))
        return found

    def parts(self, key: str, *, needed: bool = False) -> Iterator[_Object]:
        """Yield the objects of a list."""
        for i, one in enumerate(self.get(key, list, needed=needed) or ()):
            yield _Object(one, f"{key}.{i}")


def _word(found: object) -> str:
    return _WORDS.get(type(found), repr(found))


class _Rest:
    """The tensors of a body that no input has taken yet."""

    def __init__(self, data: memoryview) -> None:
        self.data = data

    def take(self, name: str, size: object) -> bytes:
        if not isinstance(size, int) or not 0 <= size <= len(self.data):
            raise InvalidInput(
                f"The input {name!r} must have data, or a binary_data_size that the "
                f"body has. Received: {size}, of {len(self.data)} bytes"
            )
        taken, self.data = self.data[:size], self.data[size:]
        return bytes(taken)

    def check_empty(self) -> None:
        if self.data:
            raise InvalidInput(
                "A body must end with the tensors that its JSON tells of. "
                f"Received: {len(self.data)} bytes are left"
            )


def _input(one: _Object, rest: _Rest) -> InferInput:
    """Return an input; one whose tensor follows the JSON gets its elements in a row."""
    name = one.get("name", str, needed=True)
    shape = one.get("shape", list, needed=True)
    datatype = one.get("datatype", str, needed=True)
    data = one.get("data", list)
    parameters = one.get("parameters", dict) or {}
    if data is None:
        raw = rest.take(name, parameters.get("binary_data_size"))
        data = _elements(name, datatype, raw)
    return InferInput(name, shape, datatype, data)


def _output(one: _Object) -> RequestedOutput:
    name = one.get("name", str, needed=True)
    return RequestedOutput(name, one.get("parameters", dict))


def _elements(name: str, datatype: str, raw: bytes) -> np.ndarray:
    dtype = _DTYPES.get(datatype)
    try:
        if datatype == "BYTES":
            texts: np.ndarray = deserialize_bytes_tensor(raw)
            return texts
        return np.frombuffer(raw, dtype)
    except (struct.error, ValueError, TypeError) as error:
        raise InvalidInput(
            f"The tensor of {name!r} must be elements of {datatype}. Received: {error}"
        ) from error


_DTYPES = {
    "BOOL": "bool",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    "BYTES": "object",
    **{
        f"{sign}INT{bits}": f"{sign.lower()}int{bits}"
        for sign in ("", "U")
        for bits in (8, 16, 32, 64)
    },
}
