"""Compute the shapes of a graph's values for given sizes of its inputs.

ONNX's shape inference knows the shape of what a node returns if it knows the values of
those inputs that are sizes, axes or ends of slices. Node after node:

1. a Shape or Size of a known shape has a known value;
2. so has a node that computes a few numbers from known ones: ONNX's own reference
   implementation runs it;
3. ONNX infers the shapes of all other nodes from the shapes and values before them;
4. an If is the branch that a known condition takes, else what both branches agree on; a
   Loop keeps the shapes of what it carries, and a Scan stacks as many as it slices;
5. what is not known then is taken from the shape that the value has in the graph.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnx_ir as ir

from keras_acts.export.builder.loops import KEEPS_SHAPES
from keras_acts.export.passes.shapes.samples import Sample

if TYPE_CHECKING:
    from onnx.reference import ReferenceEvaluator

Sizes = tuple[int | None, ...]
Array = np.ndarray[Any, Any]

_LARGEST = 64
"""More numbers than that are data: no shape depends on them."""

_RANDOM = frozenset(
    ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform")
) | {"RandomUniformLike"}


class InfeasibleError(Exception):
    """The graph can't run with the given sizes."""


class Evaluation:
    """The shapes of the values of a graph, for one sample of its inputs' sizes.

    Attributes:
        shapes: The shapes by value, with None for sizes that stay unknown.
    """

    def __init__(self, schemas: Schemas, sample: Sample) -> None:
        self.shapes: dict[ir.Value, Sizes | None] = {}
        self._arrays: dict[ir.Value, Array] = {}
        self._schemas = schemas
        self._sample = sample

    def run(self, nodes: Iterable[ir.Node]) -> None:
        """Compute the shapes of what nodes return, in their order.

        Raises:
            InfeasibleError: The sizes don't fit each other.
        """
        for node in nodes:
            self._node(node)

    def _node(self, node: ir.Node) -> None:
        rule = _RULES.get(node.op_type)
        if rule is not None:
            rule(self, node)
        elif not self._computed(node):
            self._inferred(node)
        for value in node.outputs:
            self.shapes[value] = self._merged(value, self.shapes.get(value))

    def _merged(self, value: ir.Value, found: Sizes | None) -> Sizes | None:
        """Rule 5: fill in what the graph says of a value's sizes."""
        if value.shape is None:
            return found
        said = tuple(
            size if isinstance(size, int) else self._sample.get(str(size.value))
            for size in value.shape
        )
        if found is None or len(found) != len(said):
            return said
        return tuple(b if a is None else a for a, b in zip(found, said, strict=True))

    def shape(self, value: ir.Value | None) -> Sizes | None:
        """Return the sizes of a value, None if its rank is unknown."""
        if value is None:
            return None
        if value not in self.shapes:
            self.shapes[value] = self._merged(value, None)
        return self.shapes[value]

    def array(self, value: ir.Value | None) -> Array | None:
        """Return the numbers in a value if they are known and few."""
        if value is None:
            return None
        tensor = value.const_value
        if tensor is None or value in self._arrays:
            return self._arrays.get(value)
        if tensor.size > _LARGEST:
            return None
        self._arrays[value] = tensor.numpy()
        return self._arrays[value]

    def _know(self, value: ir.Value, array: Array) -> None:
        self.shapes[value] = array.shape
        if array.size <= _LARGEST:
            self._arrays[value] = array

    def _computed(self, node: ir.Node) -> bool:
        """Rules 1 and 2: compute a node of known numbers, and return whether it is."""
        if node.op_type in ("Shape", "Size"):
            return self._measured(node)
        inputs = {x.name or "": self.array(x) for x in node.inputs if x is not None}
        known = node.inputs and all(x is not None for x in inputs.values())
        if not known or node.op_type in _RANDOM or node.domain:
            return False
        try:
            results = self._schemas.evaluator(node).run(None, inputs)
        except Exception:  # it lacks the operator, the type or the opset
            return False
        for value, result in zip(node.outputs, results, strict=False):
            self._know(value, np.asarray(result))
        return True

    def _measured(self, node: ir.Node) -> bool:
        shape = self.shape(node.inputs[0])
        if shape is None:
            return False
        if node.op_type == "Shape":
            start, end = (node.attributes.get(name) for name in ("start", "end"))
            first = 0 if start is None else start.as_int()
            shape = shape[first:] if end is None else shape[first : end.as_int()]
        if None in shape:
            return False
        sizes = np.asarray(shape, np.int64)
        whole = node.op_type == "Size"
        self._know(node.outputs[0], np.asarray(sizes.prod()) if whole else sizes)
        return True

    def _inferred(self, node: ir.Node) -> None:
        """Rule 3: infer the shapes of what a node returns."""
        if node.op_type in _WINDOWS and not self._holds_window(node):
            raise InfeasibleError
        schema = self._schemas.schema(node)
        inputs = [x for x in node.inputs if x is not None]
        if schema is None or any(x.type is None for x in inputs):
            return
        types = {x.name or "": self._type(x) for x in inputs}
        arrays = {x.name or "": self.array(x) for x in inputs}
        known = {
            name: onnx.numpy_helper.from_array(x)
            for name, x in arrays.items()
            if x is not None and x.dtype.kind in "iuf"
        }
        try:
            inferred = onnx.shape_inference.infer_node_outputs(
                schema, self._schemas.proto(node), types, known
            )
        except onnx.shape_inference.InferenceError as error:
            raise InfeasibleError from error
        for value in node.outputs:
            self.shapes[value] = _sizes(inferred.get(value.name or ""))

    def _holds_window(self, node: ir.Node) -> bool:
        """Whether an image is as large as the window that is moved over it.

        ONNX's inference rounds what is negative to a size all the same.
        """
        image, kernel = self.shape(node.inputs[0]), _ints(node, "kernel_shape")
        if image is None or not kernel:
            return True
        pads = _ints(node, "pads") or [0, 0] * len(kernel)
        dilations = _ints(node, "dilations") or [1] * len(kernel)
        room = map(_padded, image[2:], pads, pads[len(kernel) :])
        windows = (d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True))
        automatic = "auto_pad" in node.attributes
        return automatic or all(map(int.__ge__, room, windows))

    def _type(self, value: ir.Value) -> onnx.TypeProto:
        if not isinstance(value.type, ir.TensorType):
            assert value.type is not None
            return ir.serde.serialize_type(value.type)
        shape = self.shape(value)
        return onnx.helper.make_tensor_type_proto(int(value.type.dtype), shape)

    def branch(self, node: ir.Node) -> None:
        """Rule 4, for an If."""
        graphs = [node.attributes[x].as_graph() for x in ("then_branch", "else_branch")]
        condition = self.array(node.inputs[0])
        if condition is not None:
            graphs = [graphs[0] if condition.all() else graphs[1]]
        ends = []
        for graph in graphs:
            self.run(graph)
            ends.append([self.shape(x) for x in graph.outputs])
        for value, *shapes in zip(node.outputs, *ends, strict=True):
            self.shapes[value] = _agreed(shapes)

    def loop(self, node: ir.Node) -> None:
        """Rule 4, for a Loop."""
        if not node.meta.get(KEEPS_SHAPES):
            return
        body = node.attributes["body"].as_graph()
        carried = node.inputs[2:]
        for first, inner, value in zip(
            carried, body.inputs[2:], node.outputs, strict=False
        ):
            self.shapes[inner] = self.shapes[value] = self.shape(first)
        self.run(body)

    def scan(self, node: ir.Node) -> None:
        """Rule 4, for a Scan."""
        body = node.attributes["body"].as_graph()
        count = node.attributes["num_scan_inputs"].as_int()
        states = len(node.inputs) - count
        for first, inner, value in zip(
            node.inputs[:states], body.inputs[:states], node.outputs, strict=False
        ):
            self.shapes[inner] = self.shapes[value] = self.shape(first)
        lengths = []
        axes = _axes(node, "scan_input_axes", count)
        for x, inner, axis in zip(
            node.inputs[states:], body.inputs[states:], axes, strict=True
        ):
            shape = self.shape(x)
            if shape is None:
                return
            lengths.append(shape[axis])
            axis %= len(shape)
            self.shapes[inner] = (*shape[:axis], *shape[axis + 1 :])
        self.run(body)
        stacked, made = node.outputs[states:], body.outputs[states:]
        axes = _axes(node, "scan_output_axes", len(stacked))
        for value, one, axis in zip(stacked, made, axes, strict=True):
            shape = self.shape(one)
            if shape is not None:
                axis %= len(shape) + 1
                self.shapes[value] = (*shape[:axis], lengths[0], *shape[axis:])


def _agreed(shapes: list[Sizes | None]) -> Sizes | None:
    """Return the sizes that branches agree on."""
    first, *others = shapes
    if first is None or any(x is None or len(x) != len(first) for x in others):
        return None
    columns = zip(*(x for x in shapes if x is not None), strict=True)
    return tuple(x[0] if len(set(x)) == 1 else None for x in columns)


def _padded(size: int | None, before: int, after: int) -> int:
    """Return the size of a padded axis, a large number if it is unknown."""
    return sys.maxsize if size is None else size + before + after


def _ints(node: ir.Node, name: str) -> list[int]:
    return list(node.attributes[name].as_ints()) if name in node.attributes else []


def _axes(node: ir.Node, name: str, count: int) -> list[int]:
    given = node.attributes.get(name)
    return [0] * count if given is None else list(given.as_ints())


def _sizes(inferred: onnx.TypeProto | None) -> Sizes | None:
    if inferred is None or not inferred.tensor_type.HasField("shape"):
        return None
    dims = inferred.tensor_type.shape.dim
    sizes = [x.dim_value if x.HasField("dim_value") else None for x in dims]
    if any(x is not None and x < 0 for x in sizes):
        raise InfeasibleError
    return tuple(sizes)


_WINDOWS = frozenset(("AveragePool", "Conv", "LpPool", "MaxPool"))

_RULES: Mapping[str, Callable[[Evaluation, ir.Node], None]] = {
    "If": Evaluation.branch,
    "Loop": Evaluation.loop,
    "Scan": Evaluation.scan,
}


class Schemas:
    """What the evaluations of one model share: its nodes as ONNX knows them."""

    def __init__(self, opsets: Mapping[str, int]) -> None:
        self._opsets = opsets
        self._schemas: dict[tuple[str, str], onnx.defs.OpSchema | None] = {}
        self._protos: dict[ir.Node, onnx.NodeProto] = {}
        self._evaluators: dict[ir.Node, ReferenceEvaluator] = {}

    def schema(self, node: ir.Node) -> onnx.defs.OpSchema | None:
        """Return the schema of a node's operator, None if ONNX has none."""
        key = node.domain, node.op_type
        if key not in self._schemas:
            version = self._opsets.get(node.domain, 1)
            found = onnx.defs.has(node.op_type, version, node.domain)
            self._schemas[key] = (
                onnx.defs.get_schema(node.op_type, version, node.domain)
                if found
                else None
            )
        return self._schemas[key]

    def proto(self, node: ir.Node) -> onnx.NodeProto:
        """Return a node as ONNX reads it."""
        if node not in self._protos:
            self._protos[node] = ir.serde.serialize_node(node)
        return self._protos[node]

    def evaluator(self, node: ir.Node) -> ReferenceEvaluator:
        """Return ONNX's reference implementation of a node."""
        from onnx.reference import ReferenceEvaluator  # it loads much that few need

        if node not in self._evaluators:
            self._evaluators[node] = ReferenceEvaluator(
                self.proto(node), opsets=dict(self._opsets)
            )
        return self._evaluators[node]
