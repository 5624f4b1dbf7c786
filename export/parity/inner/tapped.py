"""The values inside an ONNX file: read in a run, or put in place of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import onnx

from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.session import open_session
from keras_acts.export.parity.strings import comparable
from keras_acts.export.parity.tolerances import Array

_PROVIDER = "CPUExecutionProvider"
_SIZES = {"Shape", "Size"}


class NotTappedError(Exception):
    """The values inside a file can't be read; the message says why."""


@dataclass(frozen=True)
class TappedFile:
    """A file whose inner values can be read, and one of them replaced.

    Attributes:
        proto: The model, with its weights inside.
        replaced: The inner value that is an input of the model, or None.
    """

    proto: onnx.ModelProto
    replaced: str | None = None

    @classmethod
    def of(cls, model: OnnxModel) -> TappedFile:
        """Return a file to read from.

        Raises:
            NotTappedError: Its weights lie in another file.
        """
        if model.external:
            raise NotTappedError("the weights of the ONNX model lie in another file")
        return cls(model.proto)

    def values(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run the model; return its inputs and each value of its main graph."""
        proto = onnx.ModelProto()
        proto.CopyFrom(self.proto)
        present = {output.name for output in proto.graph.output}
        for node in proto.graph.node:
            for name in node.output:
                if name and name not in present:
                    proto.graph.output.append(onnx.ValueInfoProto(name=name))
        values = open_session(OnnxModel(proto), _PROVIDER).tensors(feeds)
        return {name: comparable(x) for name, x in {**feeds, **values}.items()}

    def with_input(self, name: str, array: Array) -> TappedFile:
        """Return the file with a value as an input, in place of what computes it."""
        proto = onnx.ModelProto()
        proto.CopyFrom(self.proto)
        for node in proto.graph.node:
            for i, output in enumerate(node.output):
                if output == name:
                    node.output[i] = f"{name}/replaced"
        dtype = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        proto.graph.input.append(
            onnx.helper.make_tensor_value_info(name, dtype, [None] * array.ndim)
        )
        return TappedFile(proto, name)

    def depends_on_inputs(self, target: str, without: str) -> bool:
        """Whether a value needs an input's numbers even if another value is given.

        That an input's sizes are read doesn't count.
        """
        weights = {x.name for x in self.proto.graph.initializer}
        inputs = {x.name for x in self.proto.graph.input} - weights - {without}
        needed = _ancestors(self.proto.graph, target, {without})
        return bool(inputs & needed)


def _ancestors(graph: onnx.GraphProto, target: str, stops: Collection[str]) -> set[str]:
    makers = {name: node for node in graph.node for name in node.output}
    needed, waiting = {target}, [target]
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or node.op_type in _SIZES:
            continue
        for name in [*node.input, *_outer(node)]:
            if name and name not in needed and name not in stops:
                needed.add(name)
                waiting.append(name)
    return needed


def _outer(node: onnx.NodeProto) -> list[str]:
    """Return the values that the bodies of a node read."""
    return [
        name
        for attribute in node.attribute
        for body in ([attribute.g] if attribute.HasField("g") else attribute.graphs)
        for inner in body.node
        for name in [*inner.input, *_outer(inner)]
    ]
