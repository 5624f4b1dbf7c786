"""What an operator is given: numbers and attributes, with the types that they have."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder.schemas import DTYPES, Operator
from keras_acts.export.errors import UnsupportedOperationError

_LISTS = {
    ir.AttributeType.INTS: int,
    ir.AttributeType.FLOATS: float,
    ir.AttributeType.STRINGS: str,
}


def number_dtype(
    operator: Operator, position: int, inputs: Sequence[Any]
) -> ir.DataType | None:
    """Return the dtype of a number among the inputs.

    It is the only one that it can have, else that of a value that must have the same,
    else that of the first value.
    """
    if not operator.parameters:
        return None
    parameter = operator.parameter(position)
    if len(parameter.types) == 1 and parameter.types <= DTYPES.keys():
        return DTYPES[next(iter(parameter.types))]
    alike = (
        operator.parameter(i).type_str == parameter.type_str for i in range(len(inputs))
    )
    same = itertools.compress(inputs, alike)
    values = (*same, *inputs[operator.constraining_input :])
    return next((x.dtype for x in values if isinstance(x, ir.Value)), None)


def dtype_like_input(
    operator: Operator, output: int, values: Sequence[ir.Value | None]
) -> ir.DataType | None:
    """Return the dtype of an output that has one of the inputs' dtypes."""
    position = operator.input_of_type(output)
    source = None if position is None else (*values, None)[min(position, len(values))]
    return None if source is None else source.dtype


def attributes_of(operator: Operator, given: Mapping[str, Any]) -> dict[str, ir.Attr]:
    """Return attributes as ONNX has them, without those that are None."""
    return {
        name: _attribute(operator, name, value)
        for name, value in given.items()
        if value is not None
    }


def _attribute(operator: Operator, name: str, value: Any) -> ir.Attr:
    expected = operator.attributes.get(name)
    try:
        # Telling the type of a list takes longer than all else.
        known = expected if _is(value, expected) else None
        return ir.convenience.convert_attribute(name, value, known)
    except (TypeError, ValueError) as error:
        raise UnsupportedOperationError(
            f"{operator.op_type} takes no such value of its attribute {name!r}. "
            f"Received: {name}={value!r}"
        ) from error


def _is(value: Any, expected: ir.AttributeType | None) -> bool:
    """Whether a value is a list of what an attribute has a list of."""
    kind = None if expected is None else _LISTS.get(expected)
    listed = kind is not None and isinstance(value, list | tuple)
    return listed and all(type(x) is kind for x in value)
