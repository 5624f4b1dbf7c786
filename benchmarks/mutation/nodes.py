"""Damage to nodes: their attributes, their operands, and what stands between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from benchmarks.mutation.kinds import Rng, before, change_weight, kind, weights


def _node(
    proto: onnx.ModelProto, rng: Rng, fits: Callable[[onnx.NodeProto], bool]
) -> onnx.NodeProto | None:
    found = [n for n in proto.graph.node if fits(n)]
    return found[rng.integers(len(found))] if found else None


def _attribute(node: onnx.NodeProto, name: str) -> onnx.AttributeProto | None:
    return next((a for a in node.attribute if a.name == name), None)


def _set(node: onnx.NodeProto, name: str, value: Any) -> None:
    kept = [a for a in node.attribute if a.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


_OTHER_ACTIVATIONS = {
    "Relu": ("LeakyRelu", {"alpha": 0.01}),
    "Sigmoid": ("HardSigmoid", {"alpha": 0.25}),
    "Tanh": ("Erf", {}),
    "Elu": ("Celu", {"alpha": 0.9}),
    "Selu": ("Elu", {}),
    "HardSigmoid": ("Sigmoid", {}),
    "HardSwish": ("Mish", {}),
    "Erf": ("Tanh", {}),
    "Softmax": ("Sigmoid", {}),
}


@kind("another activation")
def _activation(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type in _OTHER_ACTIVATIONS)
    if node is None:
        return None
    node.op_type, attributes = _OTHER_ACTIVATIONS[node.op_type]
    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(k, v) for k, v in attributes.items())
    return node.output[0]


@kind("an activation left out")
def _no_activation(proto: onnx.ModelProto, rng: Rng) -> str | None:
    kinds = {*_OTHER_ACTIVATIONS, "Clip", "Gelu"}
    node = _node(proto, rng, lambda n: n.op_type in kinds)
    if node is None:
        return None
    node.op_type = "Identity"
    del node.input[1:]
    del node.attribute[:]
    return node.output[0]


@kind("an upper limit left out")
def _no_limit(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type == "Clip" and len(n.input) > 2)
    if node is None:
        return None
    node.op_type = "Relu"
    del node.input[1:]
    return node.output[0]


@kind("another form of GELU")
def _gelu(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type == "Gelu")
    if node is None:
        return None
    form = _attribute(node, "approximate")
    _set(node, "approximate", "none" if form and form.s == b"tanh" else "tanh")
    return node.output[0]


@kind("another epsilon")
def _epsilon(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: _attribute(n, "epsilon") is not None)
    if node is None:
        found = weights(proto, lambda a: a.size == 1 and 0 < a.item() < 1e-2)
        if not found:
            return None
        return change_weight(
            proto, rng, lambda a: a.size == 1 and 0 < a.item() < 1e-2, lambda a: a * 10
        )
    epsilon = _attribute(node, "epsilon")
    _set(node, "epsilon", 10 * epsilon.f if epsilon else 1e-4)
    return node.output[0]


@kind("pads on the other side")
def _pads(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: any(_pads_of(n)))
    if node is None:
        return None
    pads = _pads_of(node)
    half = len(pads) // 2
    before, after = pads[:half], pads[half:]
    if before == after:
        before, after = [0] * half, [a + b for a, b in zip(before, after, strict=True)]
    _set(node, "pads", [*after, *before])
    return node.output[0]


def _pads_of(node: onnx.NodeProto) -> list[int]:
    pads = _attribute(node, "pads")
    return list(pads.ints) if pads else []


@kind("another axis")
def _axis(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type in ("Softmax", "LayerNormalization"))
    if node is None:
        return None
    axis = _attribute(node, "axis")
    _set(node, "axis", (axis.i if axis else -1) - 1)
    return node.output[0]


@kind("axes of a transpose swapped")
def _transpose(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type == "Transpose")
    perm = _attribute(node, "perm") if node else None
    if node is None or perm is None or len(perm.ints) < 3:
        return None
    axes = list(perm.ints)
    i, j = rng.choice(range(1, len(axes)), 2, replace=False)
    axes[i], axes[j] = axes[j], axes[i]
    _set(node, "perm", axes)
    return node.output[0]


_OTHERS = {
    "Add": "Sub",
    "Sub": "Add",
    "Mul": "Add",
    "Div": "Mul",
    "MaxPool": "AveragePool",
    "AveragePool": "MaxPool",
    "GlobalAveragePool": "GlobalMaxPool",
    "GlobalMaxPool": "GlobalAveragePool",
    "ReduceMean": "ReduceMax",
    "Max": "Min",
}


@kind("another operator")
def _operator(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type in _OTHERS)
    if node is None:
        return None
    node.op_type = _OTHERS[node.op_type]
    for name in ("count_include_pad", "storage_order"):
        if _attribute(node, name):
            kept = [a for a in node.attribute if a.name != name]
            del node.attribute[:]
            node.attribute.extend(kept)
    return node.output[0]


@kind("padding counted in a mean")
def _counted(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type == "AveragePool" and any(_pads_of(n)))
    if node is None:
        return None
    counted = _attribute(node, "count_include_pad")
    _set(node, "count_include_pad", 1 - (counted.i if counted else 0))
    return node.output[0]


@kind("operands swapped")
def _operands(proto: onnx.ModelProto, rng: Rng) -> str | None:
    kinds = ("Sub", "Div", "MatMul", "Concat", "Pow", "Where")
    node = _node(proto, rng, lambda n: n.op_type in kinds and len(n.input) > 1)
    if node is None:
        return None
    node.input[-2], node.input[-1] = node.input[-1], node.input[-2]
    return node.output[0]


@kind("outputs of a split swapped")
def _split(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type == "Split")
    if node is None:
        return None
    node.output[0], node.output[1] = node.output[1], node.output[0]
    return node.output[0]


@kind("outputs of the model swapped")
def _outputs(proto: onnx.ModelProto, _: Rng) -> str | None:
    if len(proto.graph.output) < 2:
        return None
    first, second = (x.name for x in proto.graph.output[:2])
    names = {first: second, second: first}
    for node in proto.graph.node:
        for place in (node.input, node.output):
            place[:] = [names.get(name, name) for name in place]
    return second


@kind("a branch added to itself")
def _branch(proto: onnx.ModelProto, rng: Rng) -> str | None:
    weights = {x.name for x in proto.graph.initializer}
    node = _node(
        proto, rng, lambda n: n.op_type == "Add" and not weights & set(n.input)
    )
    if node is None:
        return None
    node.input[0] = node.input[1]
    return node.output[0]


def _inserted(
    proto: onnx.ModelProto,
    rng: Rng,
    through: Callable[[str, str], list[onnx.NodeProto]],
) -> str | None:
    """Put nodes behind a floating value that another node made."""
    nodes = [n for n in proto.graph.node if n.op_type in _COMPUTING]
    if not nodes:
        return None
    node = nodes[rng.integers(len(nodes))]
    name = node.output[0]
    node.output[0] = before(name)
    at = list(proto.graph.node).index(node) + 1
    added = through(node.output[0], name)
    rest = list(proto.graph.node)[at:]
    del proto.graph.node[at:]
    proto.graph.node.extend([*added, *rest])
    return name


_COMPUTING = {
    "Conv",
    "MatMul",
    "Gemm",
    "Relu",
    "Clip",
    "Add",
    "Mul",
    "LayerNormalization",
}


@kind("integers for floats")
def _integers(proto: onnx.ModelProto, rng: Rng) -> str | None:
    def casts(x: str, y: str) -> list[onnx.NodeProto]:
        to = helper.make_node("Cast", [x], [f"{y}/int"], to=onnx.TensorProto.INT32)
        back = helper.make_node("Cast", [f"{y}/int"], [y], to=onnx.TensorProto.FLOAT)
        return [to, back]

    return _inserted(proto, rng, casts)


@kind("float16 in between")
def _half(proto: onnx.ModelProto, rng: Rng) -> str | None:
    def casts(x: str, y: str) -> list[onnx.NodeProto]:
        to = helper.make_node("Cast", [x], [f"{y}/half"], to=onnx.TensorProto.FLOAT16)
        back = helper.make_node("Cast", [f"{y}/half"], [y], to=onnx.TensorProto.FLOAT)
        return [to, back]

    return _inserted(proto, rng, casts)


@kind("a value limited to ±2")
def _limited(proto: onnx.ModelProto, rng: Rng) -> str | None:
    for name, value in (("low_2", -2.0), ("high_2", 2.0)):
        array = np.array(value, np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(array, name))
    return _inserted(
        proto, rng, lambda x, y: [helper.make_node("Clip", [x, "low_2", "high_2"], [y])]
    )


@kind("a resize of another kind")
def _resize(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type == "Resize")
    if node is None:
        return None
    way = _attribute(node, "coordinate_transformation_mode")
    asymmetric = way is not None and way.s == b"asymmetric"
    _set(
        node,
        "coordinate_transformation_mode",
        "half_pixel" if asymmetric else "asymmetric",
    )
    return node.output[0]


@kind("gates in another order")
def _gates(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type in ("LSTM", "GRU"))
    if node is None:
        return None
    tensor = next((x for x in proto.graph.initializer if x.name == node.input[1]), None)
    if tensor is None:
        return None
    array = numpy_helper.to_array(tensor)
    parts = np.split(array, 4 if node.op_type == "LSTM" else 3, axis=1)
    array = np.concatenate([parts[1], parts[0], *parts[2:]], axis=1)
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return node.output[0]


@kind("time in the other direction")
def _direction(proto: onnx.ModelProto, rng: Rng) -> str | None:
    def lone(node: onnx.NodeProto) -> bool:
        way = _attribute(node, "direction")
        recurrent = node.op_type in ("LSTM", "GRU", "RNN")
        return recurrent and (way is None or way.s != b"bidirectional")

    node = _node(proto, rng, lone)
    if node is None:
        return None
    way = _attribute(node, "direction")
    turned = "forward" if way and way.s == b"reverse" else "reverse"
    _set(node, "direction", turned)
    return node.output[0]


@kind("an index off by one")
def _index(proto: onnx.ModelProto, rng: Rng) -> str | None:
    node = _node(proto, rng, lambda n: n.op_type in ("Gather", "Slice"))
    if node is None:
        return None
    names = set(node.input[1:])
    found = [x for x in proto.graph.initializer if x.name in names]
    if not found:
        return None
    array = numpy_helper.to_array(found[0])
    if array.dtype.kind != "i":
        return None
    found[0].CopyFrom(numpy_helper.from_array(array + 1, found[0].name))
    return node.output[0]
