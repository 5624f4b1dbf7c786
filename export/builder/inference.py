"""Types and static shapes of what an operator returns, as ONNX infers them."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
import onnx_ir as ir

from keras_acts.export.builder.schemas import Operator
from keras_acts.export.errors import UnsupportedOperationError

_LARGEST = 64
"""More numbers than that are data, not sizes, axes or scales."""

_NUMBERS = {ir.DataType.INT32, ir.DataType.INT64, ir.DataType.FLOAT}

# Operators whose results are those of a graph: its attribute, and how many results of
# the graph come before. `loops` knows their shapes.
_GRAPHS = {"If": ("then_branch", 0), "Loop": ("body", 1), "Scan": ("body", 0)}


def infer_outputs(operator: Operator, node: ir.Node) -> None:
    """Give a node's results the types and the sizes that follow from its inputs.

    Sizes that have only names count as unknown.

    Raises:
        UnsupportedOperationError: The shapes of the inputs don't fit.
    """
    if node.op_type in _GRAPHS:
        name, before = _GRAPHS[node.op_type]
        made = node.attributes[name].as_graph().outputs[before:]
        for value, result in zip(node.outputs, made, strict=False):
            value.type = result.type
        return
    inferred = _inferred(operator, node)
    for i, value in enumerate(node.outputs):
        proto = inferred.get(value.name or "", onnx.TypeProto())
        dtype = proto.tensor_type.elem_type
        if dtype:
            value.type = ir.TensorType(ir.DataType(dtype))
        else:  # a sequence, or unknown
            other = ir.serde.deserialize_type_proto_for_type(proto)
            value.type = other or _like_input(operator, node, i)
        if proto.tensor_type.HasField("shape"):
            value.shape = ir.Shape(
                [
                    size.dim_value if size.HasField("dim_value") else None
                    for size in proto.tensor_type.shape.dim
                ]
            )


def fits(shape: ir.Shape, sizes: Sequence[int | None]) -> bool:
    """Whether a value may have a rank and sizes, as far as its shape is known."""
    return len(shape) == len(sizes) and all(
        known == size or not isinstance(known, int) or size is None
        for known, size in zip(shape, sizes, strict=True)
    )


def _inferred(operator: Operator, node: ir.Node) -> dict[str, onnx.TypeProto]:
    """Return what ONNX infers of the outputs, by name; nothing of unknown inputs."""
    inputs = [x for x in node.inputs if x is not None]
    if any(x.type is None for x in inputs):
        return {}
    try:
        return onnx.shape_inference.infer_node_outputs(
            operator.schema,
            ir.serde.serialize_node(node),
            {x.name or "": _type(x) for x in inputs},
            _sizes(operator, node),
        )
    except onnx.shape_inference.InferenceError as error:
        shapes = ", ".join(_shown(x) for x in inputs)
        raise UnsupportedOperationError(
            f"The shapes of what {node.op_type} takes do not fit: {error}. "
            f"Received: {node.op_type}({shapes})"
        ) from error


def _sizes(operator: Operator, node: ir.Node) -> dict[str, onnx.TensorProto]:
    """Return the constants that are sizes, axes or scales: not of the result's type."""
    if node.op_type == "Range":
        computed = None
    else:
        computed = operator.results[0].type_str if operator.results else None
    return {
        x.name or "": onnx.TensorProto(
            data_type=int(x.const_value.dtype),
            dims=x.const_value.shape.numpy(),
            raw_data=x.const_value.tobytes(),
        )
        for i, x in enumerate(node.inputs)
        if x is not None
        and x.const_value is not None
        and operator.parameter(i).type_str != computed
        and x.const_value.size <= _LARGEST
        and x.const_value.dtype in _NUMBERS
    }


def _type(x: ir.Value) -> onnx.TypeProto:
    if not isinstance(x.type, ir.TensorType):
        assert x.type is not None
        return ir.serde.serialize_type(x.type)
    proto = onnx.TypeProto()
    proto.tensor_type.elem_type = int(x.type.dtype)
    if x.shape is not None:
        proto.tensor_type.shape.SetInParent()
        for size in x.shape:
            made = proto.tensor_type.shape.dim.add()
            if isinstance(size, int):
                made.dim_value = size
    return proto


def _like_input(
    operator: Operator, node: ir.Node, output: int
) -> ir.TypeProtocol | None:
    position = operator.input_of_type(output)
    if position is None or position >= len(node.inputs):
        return None
    source = node.inputs[position]
    return None if source is None else source.type


def _shown(x: ir.Value) -> str:
    if x.shape is None:
        return "unknown rank"
    return str(tuple(size if isinstance(size, int) else None for size in x.shape))
