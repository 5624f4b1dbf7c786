"""The JSON Schema of a report, derived from its records."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from keras_acts.export.parity.report.report import ParityReport

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NOT_FINITE = ["inf", "-inf", "nan"]
"""How numbers are written that JSON lacks."""

_PLAIN: Mapping[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    float: {"anyOf": [{"type": "number"}, {"enum": _NOT_FINITE}]},
    type(None): {"type": "null"},
}


def schema() -> dict[str, Any]:
    """Return the schema of what `ParityReport.to_dict` returns."""
    records: dict[str, Any] = {}
    _record(ParityReport, records)
    report = records.pop(ParityReport.__name__)
    report["properties"]["passed"] = {"type": "boolean"}
    report["required"] = sorted([*report["required"], "passed"])
    return {
        "$schema": DIALECT,
        "title": "The report of keras_acts.export.verify",
        **report,
        "$defs": dict(sorted(records.items())),
    }


def _record(kind: type, records: dict[str, Any]) -> None:
    if kind.__name__ in records:
        return
    records[kind.__name__] = {}  # known from here on, should it hold itself
    types_ = typing.get_type_hints(kind)
    names = [one.name for one in dataclasses.fields(kind)]
    records[kind.__name__] = {
        "type": "object",
        "properties": {name: _of(types_[name], records) for name in names},
        "required": sorted(names),
        "additionalProperties": False,
    }


def _of(kind: Any, records: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type, and note the records that it holds."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        _record(kind, records)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(one, records) for one in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], records)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        values = _of(arguments[1], records)
        return {"type": "object", "additionalProperties": values}
    raise TypeError(f"A report must hold types that JSON has. Received: {kind!r}")
