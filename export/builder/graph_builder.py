"""The graph builder: ONNX operators as methods, constants and weights as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import kernels, schemas, types
from keras_acts.export.builder.arguments import (
    attributes_of,
    dtype_like_input,
    number_dtype,
)
from keras_acts.export.builder.arrays import converted
from keras_acts.export.builder.inference import fits, infer_outputs
from keras_acts.export.builder.initializers import Initializers
from keras_acts.export.builder.operands import Append, Operand
from keras_acts.export.builder.schemas import Operator
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.identity import IdentityKey

OTHER_DOMAINS = {"ai.onnx.ml": 3}
"""Domains whose operators onnxruntime has beside the standard ones, by version."""

AUTHOR = "author"
"""Note on a node, for errors: the registered converter that appended it."""


class GraphBuilder(Initializers):
    """Builds an ONNX graph on top of onnx-ir, in the order of the calls.

    Each ONNX operator is a method: `g.Conv(x, w, strides=[1, 1])` appends a node and
    returns its output, or a tuple with `outputs=2`. Attributes are keywords.

    Attributes:
        opset: The version of the standard operators.
        target: `"cpu"`, `"cuda"` or `"portable"`: what the graph shall run fast on.
        inputs: The inputs of the model.
        scope: Names of the layers around the present operation, for names of nodes.
        spec: What the present operation returns: its shapes and Keras dtypes.
        author: The converter at work, in words, if it is one that was registered.
        domains: The versions of the domains in use beside the standard one.
    """

    def __init__(
        self,
        opset: int,
        target: str,
        floats: str | None = None,
        weight_names: Mapping[IdentityKey, str] | None = None,
    ) -> None:
        super().__init__(opset, floats, weight_names)
        self.target = target
        self.inputs: list[ir.Value] = []
        self.spec: Any = None
        self.author: str | None = None
        self.nodes: list[ir.Node] = []
        self.domains: dict[str, int] = {}
        self._widened_floats: dict[ir.DataType, set[str]] = {}
        self._with_declared_shape: set[ir.Value] = set()

    def __getattr__(self, op_type: str) -> Append:
        if not op_type[:1].isupper():
            raise AttributeError(f"GraphBuilder has no attribute {op_type!r}")

        def append(*inputs: Operand, outputs: int = 1, **attributes: Any) -> Any:
            return self._append(op_type, inputs, outputs, attributes)

        return append

    def _append(
        self, op_type: str, inputs: Sequence[Any], outputs: int, given: Any
    ) -> Any:
        operator = schemas.operator(op_type, self.opset)
        values = [
            x
            if x is None or isinstance(x, ir.Value)
            else self._operand(x, number_dtype(operator, i, inputs))
            for i, x in enumerate(inputs)
        ]
        wanted = [dtype_like_input(operator, i, values) for i in range(outputs)]
        attributes = attributes_of(operator, given)
        values = self._widened(operator, values)
        schemas.check_use(operator, self.opset, values, outputs, attributes)
        node = self._node(operator, values, outputs, attributes)
        results = [
            value if dtype is None or value.dtype is None else self.cast(value, dtype)
            for value, dtype in zip(node.outputs, wanted, strict=True)
        ]
        return results[0] if outputs == 1 else tuple(results)

    def _node(
        self,
        operator: Operator,
        values: Sequence[ir.Value | None],
        outputs: int,
        attributes: Mapping[str, ir.Attr],
    ) -> ir.Node:
        node = ir.Node(
            "",
            operator.op_type,
            values,
            attributes.values(),
            num_outputs=outputs,
            name=self.names.unique("/".join((*self.scope, operator.op_type))),
        )
        for i, value in enumerate(node.outputs):
            value.name = node.name if outputs == 1 else f"{node.name}:{i}"
        if self.author is not None:
            node.meta[AUTHOR] = self.author
        infer_outputs(operator, node)
        self.nodes.append(node)
        return node

    def _widened(
        self, operator: Operator, values: list[ir.Value | None]
    ) -> list[ir.Value | None]:
        """Cast the operands of an operator that has no kernel for their type."""
        op_type, first = operator.op_type, operator.constraining_input
        typed = values[first] if first < len(values) else None
        narrow = None if typed is None else typed.dtype
        wide = None if narrow is None else kernels.wider(op_type, narrow)
        if narrow is None or wide is None:
            return values
        if narrow.is_floating_point():
            self._widened_floats.setdefault(narrow, set()).add(op_type)
        return [
            self.cast(x, wide)
            if i >= first and x is not None and x.dtype == narrow
            else x
            for i, x in enumerate(values)
        ]

    def copy(self, node: ir.Node) -> Sequence[ir.Value]:
        """Append a copy of a node of another model, whose inputs are values of this.

        The graphs among its attributes become this model's; their names stay.

        Raises:
            OpsetError: The opset lacks the operator.
            UnsupportedOperationError: The operator is not a standard one.
        """
        if node.domain in OTHER_DOMAINS:
            return self._copy_other(node)
        if node.domain not in ("", "ai.onnx"):
            raise UnsupportedOperationError(
                "Only standard operators can be inlined. "
                f"Received: {node.op_type} of the domain {node.domain!r}"
            )
        operator = schemas.operator(node.op_type, self.opset)
        values = self._widened(operator, list(node.inputs))
        made = self._node(operator, values, len(node.outputs), node.attributes)
        results = []
        for value, old in zip(made.outputs, node.outputs, strict=True):
            value.type = value.type or old.type
            alike = value.dtype is None or old.dtype is None
            results.append(value if alike else self.cast(value, require_dtype(old)))
        return results

    def _copy_other(self, node: ir.Node) -> Sequence[ir.Value]:
        """Append a copy of a node of a domain beside the standard one."""
        values = self.append_other(
            node.domain,
            node.op_type,
            node.inputs,
            node.attributes.values(),
            len(node.outputs),
        )
        for value, old in zip(values, node.outputs, strict=True):
            value.type, value.shape = old.type, old.shape
        return values

    def append_other(
        self,
        domain: str,
        op_type: str,
        inputs: Sequence[ir.Value | None],
        attributes: Iterable[ir.Attr],
        outputs: int = 1,
    ) -> Sequence[ir.Value]:
        """Append an operator of a domain beside the standard one.

        Args:
            domain: One of `OTHER_DOMAINS`.
            op_type: The operator, whose use is not checked.
            inputs: The values that it takes.
            attributes: Its attributes.
            outputs: How many values it returns; the caller gives them type and shape.
        """
        name = self.names.unique("/".join((*self.scope, op_type)))
        made = ir.Node(
            domain, op_type, inputs, attributes, num_outputs=outputs, name=name
        )
        for i, value in enumerate(made.outputs):
            value.name = name if outputs == 1 else f"{name}:{i}"
        if self.author is not None:
            made.meta[AUTHOR] = self.author
        self.nodes.append(made)
        self.domains[domain] = OTHER_DOMAINS[domain]
        return made.outputs

    @property
    def in_float32(self) -> str:
        """Which operators compute narrower floats in it: `"bfloat16 Conv, Mul"`."""
        found = {types.KERAS_DTYPES[k]: v for k, v in self._widened_floats.items()}
        parts = [f"{name} {', '.join(sorted(v))}" for name, v in sorted(found.items())]
        return "; ".join(parts)

    def _operand(self, x: Operand, like: ir.DataType | None) -> ir.Value | None:
        if x is None or isinstance(x, ir.Value):
            return x
        if isinstance(x, list | tuple):
            return self.constant(np.asarray(x, np.int64))
        if isinstance(x, np.ndarray | np.generic):
            return self.constant(np.asarray(x))
        if like is None:
            raise UnsupportedOperationError(
                f"A number needs a value beside it, whose type it has. Received: {x!r}"
            )
        return self.constant(converted(np.asarray(x), like))

    def placeholder(
        self, name: str, dtype: ir.DataType, shape: Sequence[int | None]
    ) -> ir.Value:
        """Return a value that is to be an input of a subgraph."""
        name = self.names.unique("/".join((*self.scope, name)))
        return ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(dtype))

    def subgraph(
        self, build: Callable[..., Sequence[ir.Value]], *inputs: ir.Value
    ) -> ir.Graph:
        """Return the graph of the nodes that a function appends, for an attribute.

        Args:
            build: Appends the nodes, given the inputs, and returns the outputs. It may
                use values of the graphs around it.
            inputs: The graph's inputs, as `placeholder` makes them.
        """
        outer, self.nodes = self.nodes, []
        try:
            outputs: list[ir.Value] = []
            for value in build(*inputs):
                outputs.append(self._own_output(value, outputs))
            return ir.Graph(
                inputs,
                outputs,
                nodes=self.nodes,
                name=self.names.unique("/".join((*self.scope, "graph"))),
            )
        finally:
            self.nodes = outer

    def _own_output(self, value: ir.Value, others: Sequence[ir.Value]) -> ir.Value:
        """Return a value that a node of the present graph makes, once an output."""
        producer = value.producer()
        inside = any(node is producer for node in self.nodes)
        if inside and not any(value is other for other in others):
            return value
        made = self.Identity(value)
        return self._like(made, value)

    def cast(self, x: Operand, to: str | ir.DataType) -> ir.Value:
        """Cast a value, or make a constant of a number or an array."""
        dtype = self.dtype(to) if isinstance(to, str) else to
        if not isinstance(x, ir.Value):
            return self.constant(converted(np.asarray(x), dtype))
        if x.dtype == dtype:
            return x
        value = self.Cast(x, to=int(dtype))
        return self._like(value, x)

    def zeros_like(self, x: ir.Value) -> np.ndarray[Any, Any]:
        """Return a scalar zero in the dtype of a value."""
        return np.zeros((), types.require_dtype(x).numpy())

    @staticmethod
    def static_shape(x: ir.Value) -> tuple[int | None, ...]:
        """Return the sizes of a value, None where unknown."""
        if x.shape is None:
            raise ValueError(f"A value's rank must be known. Received: {x!r}")
        return tuple(d if isinstance(d, int) else None for d in x.shape)

    def rank(self, x: ir.Value) -> int:
        """Return the rank of a value."""
        return len(self.static_shape(x))

    def size(self, x: ir.Value, axis: int) -> ir.Value:
        """Return one size of a value as an int64 tensor of shape (1,)."""
        axis %= self.rank(x)
        known = self.static_shape(x)[axis]
        if known is not None:
            return self.constant(np.asarray([known], np.int64))
        return self.Shape(x, start=axis, end=axis + 1)

    def shape(self, *sizes: int | ir.Value) -> ir.Value:
        """Return a shape tensor of integers and of integer tensors of one element."""
        if all(isinstance(one, int) for one in sizes):
            return self.constant(np.asarray(sizes, np.int64))
        parts = [
            [one] if isinstance(one, int) else self._one_size(one) for one in sizes
        ]
        if len(parts) == 1:
            return parts[0]  # type: ignore[return-value]
        return self.Concat(*parts, axis=0)

    def _one_size(self, x: ir.Value) -> ir.Value:
        read = self.size_node(x)
        if read is not None:
            return read.outputs[0]
        wide = self.cast(x, ir.DataType.INT64)
        if self.rank(x) == 1:
            return wide
        return self.Reshape(wide, [1])

    @staticmethod
    def size_node(x: ir.Value) -> ir.Node | None:
        """Return the Shape node that read a size, None for any other number."""
        node = x.producer()
        while node is not None and node.op_type in ("Cast", "Squeeze"):
            node = node.inputs[0].producer() if node.inputs[0] is not None else None
        one = (
            node is not None
            and node.op_type == "Shape"
            and node.outputs[0].shape == (1,)
        )
        return node if one else None

    def with_shape(self, x: ir.Value, shape: Sequence[int | None]) -> ir.Value:
        """Declare the sizes of a value that can't be inferred from the operators.

        That is so where an operator takes sizes that are computed (Slice, Reshape,
        Expand, Pad, Resize), where a body of Loop or Scan or a branch of If begins, and
        where strings are read, of which ONNX infers nothing.

        Raises:
            UnsupportedOperationError: They are not the sizes that it has.
        """
        if x.shape is not None and not fits(x.shape, shape):
            raise UnsupportedOperationError(
                f"`with_shape` must be given the shape of {x.name}, {x.shape}. "
                f"Received: {tuple(shape)}"
            )
        x.shape = ir.Shape(shape)
        self._with_declared_shape.add(x)
        return x

    def _like(self, x: ir.Value, other: ir.Value) -> ir.Value:
        """Give a value the shape of another, declared if that is."""
        x.shape = other.shape
        if self.has_declared_shape(other):
            self._with_declared_shape.add(x)
        return x

    def has_declared_shape(self, x: ir.Value) -> bool:
        """Whether a value's shape was declared: it is an input, or has `with_shape`."""
        return x.producer() is None or x in self._with_declared_shape

    def forget_inferred(self, graph: ir.Graph) -> None:
        """Leave shapes that were not declared to the inference over the whole graph.

        That knows the names of unknown sizes, and numbers that are computed.
        """
        kept = self._with_declared_shape.union(graph.outputs)
        for node in graph.all_nodes():
            for value in node.outputs:
                if value not in kept:
                    value.shape = None
