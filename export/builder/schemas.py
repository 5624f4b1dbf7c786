"""What ONNX says of an operator at an opset, and whether a use of it is a valid one."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx
import onnx_ir as ir

from keras_acts.export.errors import OpsetError, UnsupportedOperationError
from keras_acts.export.options import OPSETS

Values = Sequence[ir.Value | None]
Attributes = Mapping[str, ir.Attr]

DTYPES = {f"tensor({x.name.lower()})": x for x in ir.DataType}
"""The types of elements by ONNX's names of tensors of them."""

_TENSORS = {dtype: name for name, dtype in DTYPES.items()}

_UNBOUNDED = 2**31 - 1
_Option = onnx.defs.OpSchema.FormalParameterOption
_ATTRIBUTE_TYPES = {
    getattr(onnx.defs.OpSchema.AttrType, x.name): x
    for x in ir.AttributeType
    if hasattr(onnx.defs.OpSchema.AttrType, x.name)
}


@dataclass(frozen=True)
class Parameter:
    """An input or output of an operator.

    Attributes:
        name: Its name in the specification.
        type_str: Its type, or the name of a type constraint, which several parameters
            may share.
        types: The types that it allows, as `"tensor(float)"`.
        required: Whether it can't be left out.
        is_homogeneous: Whether all values of a variadic parameter have one type.
    """

    name: str
    type_str: str
    types: frozenset[str]
    required: bool
    is_homogeneous: bool


@dataclass(frozen=True)
class Operator:
    """An operator of the standard domain, as one opset has it.

    Attributes:
        inputs: The least and the greatest number of inputs.
        outputs: The least and the greatest number of outputs.
        attributes: The type of each attribute, by name.
        required: The attributes that can't be left out.
        constrained_like: For each result the position of the first input with the
            same type constraint, None where there is none.
        constraining_input: The position of the input whose type constraint is that of
            the computation.
    """

    op_type: str
    schema: onnx.defs.OpSchema
    parameters: tuple[Parameter, ...]
    results: tuple[Parameter, ...]
    inputs: tuple[int, int]
    outputs: tuple[int, int]
    attributes: Mapping[str, ir.AttributeType]
    required: frozenset[str]
    constrained_like: tuple[int | None, ...]
    constraining_input: int

    def parameter(self, position: int) -> Parameter:
        """Return the parameter that an input is for; the last may take several."""
        return self.parameters[min(position, len(self.parameters) - 1)]

    def input_of_type(self, output: int) -> int | None:
        """Return the position of the input whose type an output has, if it has one."""
        return self.constrained_like[min(output, len(self.constrained_like) - 1)]


@functools.cache
def find_operator(op_type: str, opset: int) -> Operator | None:
    """Return a standard operator, None where the opset lacks it."""
    if not onnx.defs.has(op_type, max_inclusive_version=opset):
        return None
    schema = onnx.defs.get_schema(op_type, opset)
    if schema.deprecated:
        return None
    parameters = tuple(map(_parameter, schema.inputs))
    results = tuple(map(_parameter, schema.outputs))
    alike = tuple(_constrained_like(parameters, x) for x in results) or (None,)
    first = alike[0]
    constraining = first if first is not None and parameters[first].required else 0
    return Operator(
        op_type,
        schema,
        parameters,
        results,
        (schema.min_input, schema.max_input),
        (schema.min_output, schema.max_output),
        {
            name: _ATTRIBUTE_TYPES[attribute.type]
            for name, attribute in schema.attributes.items()
        },
        frozenset(name for name, x in schema.attributes.items() if x.required),
        alike,
        constraining,
    )


def _constrained_like(parameters: Sequence[Parameter], result: Parameter) -> int | None:
    """Return the position of the first input with a result's type constraint."""
    alike = (i for i, x in enumerate(parameters) if x.type_str == result.type_str)
    return next(alike, None) if result.is_homogeneous else None


def _parameter(formal: onnx.defs.OpSchema.FormalParameter) -> Parameter:
    return Parameter(
        formal.name,
        formal.type_str,
        frozenset(formal.types),
        formal.option == _Option.Single,
        formal.is_homogeneous,
    )


def operator(op_type: str, opset: int) -> Operator:
    """Return a standard operator.

    Raises:
        OpsetError: The opset lacks it, and another supported one has it.
        UnsupportedOperationError: No supported opset has it.
    """
    found = find_operator(op_type, opset)
    if found is not None:
        return found
    having = [other for other in OPSETS if find_operator(op_type, other)]
    if having:
        raise OpsetError(
            f"Opset {opset} has no operator {op_type}. {_valid(having, opset)} "
            f"Received: {op_type}, opset={opset}"
        )
    raise UnsupportedOperationError(
        f"ONNX has no operator {op_type} in the opsets {OPSETS[0]} to {OPSETS[-1]}. "
        f"Received: {op_type}, opset={opset}"
    )


def check_use(
    found: Operator, opset: int, inputs: Values, outputs: int, attributes: Attributes
) -> None:
    """Refuse inputs, outputs and attributes that an operator does not take.

    Args:
        found: The operator.
        opset: The opset that it was looked up in.
        inputs: The values, None for optional ones left out.
        outputs: The number of outputs.
        attributes: The attributes by name.

    Raises:
        OpsetError: Another supported opset allows this use.
        UnsupportedOperationError: No supported opset allows it.
    """
    problem = _problem(found, inputs, outputs, attributes)
    if problem is None:
        return
    allowing = [
        other
        for other in OPSETS
        if (again := find_operator(found.op_type, other))
        and _problem(again, inputs, outputs, attributes) is None
    ]
    received = _received(found.op_type, inputs, outputs, attributes)
    if allowing:
        raise OpsetError(
            f"At opset {opset}, {problem} {_valid(allowing, opset)} "
            f"Received: {received}, opset={opset}"
        )
    raise UnsupportedOperationError(f"{problem} Received: {received}, opset={opset}")


def _valid(opsets: Sequence[int], opset: int) -> str:
    if opsets[0] > opset:
        return f"It is valid from opset {opsets[0]} on."
    return f"It is valid up to opset {max(x for x in opsets if x < opset)}."


def _problem(
    found: Operator, inputs: Values, outputs: int, attributes: Attributes
) -> str | None:
    return (
        _wrong_number(found, "input", len(inputs), found.inputs)
        or _wrong_number(found, "output", outputs, found.outputs)
        or _wrong_attribute(found, attributes)
        or _wrong_input(found, inputs)
    )


def _wrong_number(
    found: Operator, what: str, count: int, limits: tuple[int, int]
) -> str | None:
    least, most = limits
    if least <= count <= most:
        return None
    if most == _UNBOUNDED:
        number = f"at least {least}"
    else:
        number = str(least) if least == most else f"{least} to {most}"
    plural = "" if number == "1" or number == "at least 1" else "s"
    return f"{found.op_type} has {number} {what}{plural}, not {count}."


def _wrong_attribute(found: Operator, attributes: Attributes) -> str | None:
    for name, attribute in attributes.items():
        if name not in found.attributes:
            known = ", ".join(sorted(found.attributes)) or "none"
            return (
                f"{found.op_type} has no attribute {name!r}. Its attributes: {known}."
            )
        if attribute.type != found.attributes[name]:
            return (
                f"{found.op_type} takes its attribute {name!r} as "
                f"{found.attributes[name].name}, not as {attribute.type.name}."
            )
    missing = sorted(found.required - set(attributes))
    return f"{found.op_type} needs the attribute {missing[0]!r}." if missing else None


def _wrong_input(found: Operator, inputs: Values) -> str | None:
    types: dict[str, str] = {}
    for position, value in enumerate(inputs):
        parameter = found.parameter(position)
        if value is None and parameter.required:
            return f"{found.op_type} needs its input {parameter.name}."
        given = type_name(value)
        if given is None:
            continue
        if given not in parameter.types:
            return (
                f"{found.op_type} takes no {given} as its input {parameter.name}, but "
                f"{', '.join(sorted(parameter.types))}."
            )
        first = types.setdefault(parameter.type_str, given)
        if parameter.is_homogeneous and first != given:
            return (
                f"{found.op_type} takes inputs {parameter.type_str} of one type, not "
                f"{first} and {given}."
            )
    return None


def type_name(value: ir.Value | None) -> str | None:
    """Return the type of a tensor in ONNX's words, None for what has none."""
    if value is None or not isinstance(value.type, ir.TensorType):
        return None
    return _TENSORS[value.type.dtype]


def _received(
    op_type: str, inputs: Values, outputs: int, attributes: Attributes
) -> str:
    parts = ["None" if x is None else type_name(x) or "a value" for x in inputs]
    parts += [f"{name}={_shown(x)}" for name, x in attributes.items()]
    parts += [f"outputs={outputs}"] if outputs != 1 else []
    return f"{op_type}({', '.join(parts)})"


def _shown(attribute: ir.Attr) -> str:
    graph = attribute.type == ir.AttributeType.GRAPH
    return "a graph" if graph else repr(attribute.value)
