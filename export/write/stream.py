"""Write a model's file weight by weight, and check it without its weights.

As one message, a model is copied when it is made, serialized, checked and written; each
copy of large weights takes as long as everything else together. The bytes are those of
`proto.SerializeToString(deterministic=True)`: fields in the order of their numbers, and
nested messages prefixed with their length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import onnx
import onnx_ir as ir

from keras_acts.export.passes.failures import graph_error
from keras_acts.export.passes.weights import sizes

_Message = onnx.ModelProto | onnx.GraphProto | onnx.TensorProto

LARGE = 1 << 16
"""The size in bytes from which a weight is written separately."""

_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
"""Field numbers of the graph in a model, the initializers and their raw data."""

_LENGTH_DELIMITED = 2
"""Protobuf's wire type of messages and bytes."""


def checked_outline(model: ir.Model) -> onnx.ModelProto:
    """Return the message without the data of large weights, checked.

    Raises:
        GraphError: The checker rejects it.
    """
    outline = ir.to_proto(_without_data(model))
    for tensor in outline.graph.initializer:
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
    try:
        _check(outline, large_weights(model))
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise graph_error(model, "ONNX's checker", error) from error
    return outline


def large_weights(model: ir.Model) -> dict[str, ir.TensorProtocol]:
    """Return the weights that are written separately, by name."""
    return {
        name: value.const_value
        for name, value in model.graph.initializers.items()
        if value.const_value is not None
        and value.const_value.nbytes >= LARGE
        and value.const_value.dtype != ir.DataType.STRING
        # A parsed message is kept as it is, whichever field has its data.
        and not isinstance(value.const_value, ir.serde.TensorProtoTensor)
    }


def locations(proto: onnx.ModelProto) -> Iterator[onnx.StringStringEntryProto]:
    """Yield what names the file of each weight outside, in subgraphs too."""
    for tensor in _tensors(proto.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            yield from (x for x in tensor.external_data if x.key == "location")


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for attribute in (a for node in graph.node for a in node.attribute):
        for inner in (attribute.g, *attribute.graphs):
            yield from _tensors(inner)


def fill(outline: onnx.ModelProto, model: ir.Model) -> onnx.ModelProto:
    """Add the data of large weights to a message."""
    weights = large_weights(model)
    for tensor in outline.graph.initializer:
        if tensor.name in weights:
            tensor.raw_data = weights[tensor.name].tobytes()
    return outline


def write(outline: onnx.ModelProto, model: ir.Model, file: BinaryIO) -> None:
    """Write a message with the data of its large weights."""
    weights = large_weights(model)
    before, after = _parts(outline, _GRAPH)
    head, tail = _parts(outline.graph, _INITIALIZER)
    tensors = [_Framed(x, weights.get(x.name)) for x in outline.graph.initializer]
    size = len(head) + sum(tensor.size for tensor in tensors) + len(tail)
    file.write(before + _frame(_GRAPH, size) + head)
    for tensor in tensors:
        tensor.write(file)
    file.write(tail + after)


class _Framed:
    """A serialized initializer: field number, length, and the parts around its data.

    Attributes:
        size: The total number of bytes.
    """

    def __init__(
        self, tensor: onnx.TensorProto, data: ir.TensorProtocol | None
    ) -> None:
        self._data = data
        if data is None:
            self._before, self._after = _serialized(tensor), b""
        else:
            before, self._after = _parts(tensor, _RAW_DATA)
            self._before = before + _frame(_RAW_DATA, data.nbytes)
        within = len(self._before) + len(self._after)
        within += 0 if data is None else data.nbytes
        self._before = _frame(_INITIALIZER, within) + self._before
        self.size = len(_frame(_INITIALIZER, within)) + within

    def write(self, file: BinaryIO) -> None:
        file.write(self._before)
        if self._data is not None:
            _write_data(self._data, file)
        file.write(self._after)


def _write_data(tensor: ir.TensorProtocol, file: BinaryIO) -> None:
    """Write a weight's data, without a copy if its memory layout is the file's."""
    array = tensor.numpy()
    plain = array.dtype.isnative and array.nbytes == tensor.nbytes
    if plain and array.dtype.byteorder != ">" and array.flags.c_contiguous:
        file.write(array.reshape(-1).view(np.uint8).data)
    else:
        file.write(tensor.tobytes())


def _without_data(model: ir.Model) -> ir.Model:
    """Return a copy that refers to large weights as external data.

    The model itself isn't touched: other threads may be writing it too.
    """
    copy = model.clone()
    for name, tensor in large_weights(model).items():
        shape = ir.Shape(sizes(tensor))
        copy.graph.initializers[name].const_value = ir.ExternalTensor(
            "", 0, tensor.nbytes, tensor.dtype, shape=shape, name=name
        )
    return copy


def _check(outline: onnx.ModelProto, weights: dict[str, Any]) -> None:
    """Check a model with its large weights declared as inputs, which need no data."""
    model = onnx.ModelProto()
    model.CopyFrom(outline)
    large = [x for x in model.graph.initializer if x.name in weights]
    small = [x for x in model.graph.initializer if x.name not in weights]
    inputs = [
        onnx.helper.make_tensor_value_info(x.name, x.data_type, x.dims) for x in large
    ]
    del model.graph.initializer[:]
    model.graph.initializer.extend(small)
    model.graph.input.extend(inputs)
    onnx.checker.check_model(model, full_check=True)


def _parts(message: _Message, number: int) -> tuple[bytes, bytes]:
    """Return the fields before and after one, serialized."""
    parts = []
    for numbers in (range(number), range(number + 1, 1 << 29)):
        part = type(message)()
        part.CopyFrom(message)
        others = [f.name for f, _ in message.ListFields() if f.number not in numbers]
        for name in others:
            part.ClearField(name)
        parts.append(_serialized(part))
    return parts[0], parts[1]


def _serialized(message: _Message) -> bytes:
    content: bytes = message.SerializeToString(deterministic=True)
    return content


def _frame(number: int, size: int) -> bytes:
    """Return the prefix of a message or of bytes: field number and length."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(size)


def _varint(value: int) -> bytes:
    """Return an integer as a protobuf varint: groups of seven bits, lowest first."""
    groups: Sequence[int] = [value >> i & 0x7F for i in range(0, value.bit_length(), 7)]
    *more, last = groups or [0]
    return bytes([*(group | 0x80 for group in more), last])
