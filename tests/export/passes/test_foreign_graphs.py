"""The passes on graphs as other exporters write them: the answers stay as they were.

ONNX leaves much to defaults that our own graphs write out: a Transpose without `perm`
reverses the axes. Some graphs hold constants in nodes, in branches or in inputs with
defaults, nodes without names, and operators of other domains by ONNX's names.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from keras_acts.export.passes.layout.movable import BROADCASTING, ELEMENTWISE
from support.foreign import OPSET, SHAPE, Foreign, check, ints

pytestmark = pytest.mark.runs_once("the passes read an ONNX graph alone")

FLOAT, BOOL = TensorProto.FLOAT, TensorProto.BOOL

CONV = {"k": (4, 3, 3, 3)}
NORM = {"s": (4,), "b": (4,), "m": (4,), "v": np.ones(4, "float32")}
SHIFT = np.asarray([0.5, 1.0, 2.0], "float32").reshape(3, 1, 1)
EMPTY = np.zeros(0, "float32")

CASES = [
    # A Transpose without `perm`.
    Foreign("transpose", "y = Transpose(x)"),
    Foreign("transposes", "t = Transpose(x) y = Transpose(t)"),
    Foreign("transposes-mixed", "t = Transpose<perm = [0,2,3,1]>(x) y = Transpose(t)"),
    Foreign("transpose-of-weight", "t = Transpose(w) y = MatMul(x, t)", {"w": (7, 5)}),
    Foreign(
        "transpose-and-reshape-of-a-weight",
        "t = Transpose(w) r = Reshape(w, s) a = Sub(t, r) y = Add(x, a)",
        {"w": (5, 4), "s": ints(4, 5)},
    ),
    Foreign(
        "transpose-of-a-reshape",
        "r = Reshape(x, s) y = Transpose(r)",
        {"s": ints(1, -1, 1)},
    ),
    Foreign(
        "transpose-before-a-mean",
        "t = Transpose(x) y = ReduceMean<keepdims = 0>(t, a)",
        {"a": ints(0, 1)},
    ),
    Foreign(
        "transpose-before-an-activation",
        "t = Transpose(x) r = Relu(t) y = Transpose<perm = [3,1,2,0]>(r)",
    ),
    Foreign(
        "transpose-before-a-bias",
        "c = Conv(x, k) t = Transpose(c) y = Add(t, b)",
        {**CONV, "b": (1, 4, 1)},
    ),
    Foreign(
        "transpose-between-pad-and-convolution",
        "p = Pad(x, w) t = Transpose(p) y = Conv(t, k)",
        {"w": ints(0, 0, 1, 1, 0, 0, 1, 1), "k": (2, 6, 2, 2)},
    ),
    Foreign(
        "transpose-between-scale-and-convolution",
        "m = Mul(x, c) t = Transpose(m) y = Conv(t, k)",
        {"c": np.float32([1.5]), "k": (2, 4, 2, 2)},
    ),
    # A Resize by sizes.
    Foreign(
        "resize-empty-scales",
        'y = Resize<mode = "linear">(x, e, e, s)',
        {"e": EMPTY, "s": ints(2, 3, 7, 9)},
    ),
    Foreign(
        "resize-left-out-scales",
        'y = Resize<mode = "nearest">(x, , , s)',
        {"s": ints(2, 3, 7, 9)},
    ),
    Foreign(
        "resize-scales", "y = Resize(x, , f)", {"f": np.float32([1, 1, 2, 1])}
    ),
    Foreign(
        "resize-axes", "y = Resize<axes = [2,3]>(x, , f)", {"f": np.float32([2, 1])}
    ),
    Foreign(
        "resize-ratio",
        'y = Resize<keep_aspect_ratio_policy = "not_larger">(x, , , s)',
        {"s": ints(2, 3, 7, 9)},
    ),
    Foreign(
        "resize-of-read-sizes",
        "a = Shape<end = 2>(x) n = Concat<axis = 0>(a, s) "
        'y = Resize<mode = "linear">(x, e, e, n)',
        {"e": EMPTY, "s": ints(7, 9)},
    ),
    Foreign(
        "resize-and-crop",
        "y = Resize<mode = \"linear\", coordinate_transformation_mode = "
        '"tf_crop_and_resize">(x, r, f)',
        {
            "r": np.float32([0, 0, 0, 0, 1, 1, 0.5, 0.5]),
            "f": np.float32([1, 1, 1, 1]),
        },
    ),
    # Attributes that mean something else.
    Foreign(
        "reshape-allowzero",
        "r = Reshape<allowzero = 1>(w, s) y = Concat<axis = 0>(x, r)",
        {"w": np.zeros((0, 3), "float32"), "s": ints(0, 3, 4, 5)},
    ),
    Foreign(
        "norm-in-training",
        "c = Conv(x, k) y, p, q = BatchNormalization<training_mode = 1>(c, s, b, m, v)",
        {**CONV, **NORM},
    ),
    Foreign(
        "norm", "c = Conv(x, k) y = BatchNormalization(c, s, b, m, v)", {**CONV, **NORM}
    ),
    Foreign(
        "transposed-convolution-of-groups",
        "c = ConvTranspose<group = 3>(x, k) y = Add(c, b)",
        {"k": (3, 1, 3, 3), "b": (1, 1, 1)},
    ),
    Foreign("mean-of-all", "c = Conv(x, k) y = ReduceMean(c)", CONV),
    Foreign(
        "mean-noop",
        "c = Conv(x, k) y = ReduceMean<noop_with_empty_axes = 1>(c)",
        CONV,
    ),
    Foreign(
        "mean-empty-axes",
        "t = Transpose<perm = [0,2,3,1]>(x) y = ReduceMean<keepdims = 0>(t, a)",
        {"a": ints()},
    ),
    Foreign(
        "mean-negative-axes",
        "c = Conv(x, k) y = ReduceMean<keepdims = 0>(c, a)",
        {**CONV, "a": ints(-1, -2)},
    ),
    Foreign(
        "softmax-between-transposes",
        "t = Transpose<perm = [0,2,3,1]>(x) s = Softmax(t) "
        "y = Transpose<perm = [0,3,1,2]>(s)",
    ),
    Foreign(
        "slice-without-axes",
        "t = Transpose<perm = [0,2,3,1]>(x) s = Slice(t, a, b) "
        "y = Transpose<perm = [0,3,1,2]>(s)",
        {"a": ints(0, 1), "b": ints(9, 3)},
    ),
    Foreign(
        "pad-with-axes",
        "t = Transpose<perm = [0,2,3,1]>(x) s = Pad(t, p, , a) "
        "y = Transpose<perm = [0,3,1,2]>(s)",
        {"p": ints(1, 2), "a": ints(1)},
    ),
    Foreign(
        "pool-pad-without-a-value",
        "p = Pad(x, w) y = MaxPool<kernel_shape = [2,2]>(p)",
        {"w": ints(0, 0, 1, 1, 0, 0, 0, 0)},
    ),
    Foreign("shape-without-end", "s = Shape<start = 1>(x) c = Cast<to = 1>(s) "
            "y = Mul(c, c)"),
    # Constants where ours have none.
    Foreign(
        "product-of-constants",
        "m = Mul(p, q) n = Mul(x, m) y = Conv(n, k)",
        {"p": SHIFT, "q": SHIFT, **CONV},
    ),
    Foreign(
        "constants-that-broadcast-an-image",
        "m = Mul(x, p) y = Conv(m, k)",
        {"p": SHIFT, **CONV},
        shape=(2, 1, 4, 5),
        sizes="batch, 1, h, w",
    ),
    Foreign(
        "constant-nodes",
        "f = Constant<value_float = 2.0>() m = Mul(x, f) "
        "s = Constant<value_ints = [0, -1]>() r = Reshape(m, s) "
        "n = Constant<value_int = 1>() i = Cast<to = 1>(n) y = Add(r, i)",
    ),
    Foreign(
        "constant-weight",
        "k = Constant<value = float[1,3,1,1] {1,2,3}>() t = Transpose(k) "
        "c = Reshape(t, s) y = Conv(x, c)",
        {"s": ints(1, 3, 1, 1)},
    ),
    Foreign(
        "constant-of-text-and-of-nothing",
        'a = Constant<value_string = "a">() b = Constant<value_floats = [1.0]>() '
        "y = Add(x, b)",
    ),
    # Sizes that inference can't tell.
    Foreign(
        "unknown-rank",
        "n = Shape(x) d = Reshape(x, n) t = Transpose<perm = [0,2,3,1]>(d) "
        "r = Relu(t) y = Transpose<perm = [0,3,1,2]>(r)",
    ),
    Foreign(
        "nonzero",
        "z = NonZero(x) t = Transpose(z) g = GatherND(x, t) y = Relu(g)",
    ),
    Foreign("top-k", "v, i = TopK(x, n) y = Add(v, v)", {"n": ints(2)}),
    Foreign(
        "where",
        "b = Greater(x, z) y = Where(b, x, z)",
        {"z": np.float32(0)},
    ),
    # Operators of another domain.
    Foreign("other-domain-gelu", "t = Transpose<perm = [0,2,3,1]>(x) "
            "g = com.microsoft.Gelu(t) y = Transpose<perm = [0,3,1,2]>(g)"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_answers_stay(case: Foreign) -> None:
    x = np.random.default_rng(5).normal(size=case.shape).astype("float32")
    check(case.model(), x)


MATCHED = sorted(ELEMENTWISE | BROADCASTING | {"LogSoftmax", "ReduceMax", "Softmax"})
OPSET_OF = {"Swish": 24}
BOOLEAN = {"And", "Not", "Or", "Xor"}
REQUIRED = {"Cast": {"to": FLOAT}, "Mod": {"fmod": 1}}


def forms() -> Iterator[Any]:
    """Yield each operator that moves, its attributes left out and written out."""
    for name in MATCHED:
        schema = onnx.defs.get_schema(name, OPSET_OF.get(name, OPSET))
        required = REQUIRED.get(name, {})
        yield pytest.param(name, required, id=f"{name}-left-out")
        given = {
            key: helper.get_attribute_value(attribute.default_value)
            for key, attribute in schema.attributes.items()
            if attribute.default_value.name
        }
        if given:
            yield pytest.param(name, {**given, **required}, id=f"{name}-written-out")


@pytest.mark.parametrize(("name", "attributes"), list(forms()))
def test_each_operator_moves_with_its_defaults(
    name: str, attributes: dict[str, Any]
) -> None:
    """Between two transposes, which most of them let cancel."""
    schema = onnx.defs.get_schema(name, OPSET_OF.get(name, OPSET))
    needed = [i for i in schema.inputs if i.option.name != "Optional"]
    boolean = name in BOOLEAN
    read = "b" if boolean else "t"
    inputs = [read] * max(len(needed), 1)
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["t"], ["b"], to=BOOL),
        helper.make_node(
            name, ["b", *inputs[1:]] if name == "Where" else inputs, ["r"]
        ),
        helper.make_node("Cast", ["r"], ["f"], to=FLOAT),
        helper.make_node("Transpose", ["f"], ["y"], perm=[0, 3, 1, 2]),
    ]
    for key, value in attributes.items():
        nodes[2].attribute.append(helper.make_attribute(key, value))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", FLOAT, SHAPE)],
        [helper.make_tensor_value_info("y", FLOAT, None)],
    )
    opset = helper.make_opsetid("", OPSET_OF.get(name, OPSET))
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    x = np.random.default_rng(5).uniform(0.1, 0.9, SHAPE).astype("float32")
    after = check(model, x + 1 if name == "Acosh" else x)
    found = {node.op_type for node in after.graph.node}
    assert name in found or name == "Identity"


def branch_with_weights() -> onnx.ModelProto:
    """An If whose branches hold weights, which share a name with one outside."""

    def branch(name: str, factor: float) -> onnx.GraphProto:
        return helper.make_graph(
            [
                helper.make_node("Transpose", ["w"], ["t"]),
                helper.make_node("MatMul", ["x", "t"], ["m"]),
                helper.make_node("Mul", ["m", "f"], ["o"]),
            ],
            name,
            [],
            [helper.make_tensor_value_info("o", FLOAT, None)],
            [
                numpy_helper.from_array(np.full((7, 5), factor, "float32"), "w"),
                numpy_helper.from_array(np.float32([factor]), "f"),
            ],
        )

    nodes = [
        helper.make_node("ReduceSum", ["x"], ["s"], keepdims=0),
        helper.make_node("Greater", ["s", "z"], ["c"]),
        helper.make_node("If", ["c"], ["i"], then_branch=branch("a", 2.0),
                         else_branch=branch("b", 3.0)),
        helper.make_node("Relu", ["i"], ["y"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", FLOAT, ("n", 5))],
        [helper.make_tensor_value_info("y", FLOAT, None)],
        [numpy_helper.from_array(np.float32(0), "z")],
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10)


@pytest.mark.parametrize("sign", [1, -1])
def test_weights_of_a_branch(sign: int) -> None:
    x = sign * np.random.default_rng(5).uniform(0.1, 1, (2, 5)).astype("float32")
    check(branch_with_weights(), x)


def test_weights_that_are_inputs_as_well() -> None:
    """Exporters wrote them so before the fourth version of the file's format."""
    model = Foreign("", "t = Transpose(w) y = MatMul(x, t)", {"w": (7, 5)}).model()
    weight = helper.make_tensor_value_info("w", FLOAT, (7, 5))
    model.graph.input.append(weight)
    x = np.random.default_rng(5).normal(size=SHAPE).astype("float32")
    after = check(model, x)
    assert [value.name for value in after.graph.input] == ["x"]


def test_nodes_without_a_name() -> None:
    model = Foreign(
        "",
        "p = Pad(x, w) a = MaxPool<kernel_shape = [2,2]>(p) q = Pad(x, v) "
        "b = MaxPool<kernel_shape = [2,2]>(q) y = Add(a, b)",
        {"w": ints(0, 0, 1, 1, 0, 0, 0, 0), "v": ints(0, 0, 0, 0, 0, 0, 1, 1)},
    ).model()
    assert not any(node.name for node in model.graph.node)
    x = np.random.default_rng(5).normal(size=SHAPE).astype("float32")
    check(model, -np.abs(x))


class TorchNetwork:
    """What PyTorch makes of a small network: channels first, norms and a Resize."""

    @staticmethod
    def model() -> Any:
        import torch
        from torch import nn

        torch.manual_seed(0)
        return nn.Sequential(
            nn.ZeroPad2d(1),
            nn.Conv2d(3, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.ConvTranspose2d(4, 4, 2, 2),
            nn.GELU(),
            nn.Upsample(scale_factor=2.0, mode="bilinear"),
            nn.Flatten(2),
            nn.Softmax(-1),
            nn.LazyLinear(5),
        ).eval()


def test_a_network_that_torch_wrote() -> None:
    torch = pytest.importorskip("torch")
    network, x = TorchNetwork.model(), torch.randn(2, 3, 6, 8)
    network(x)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (x,),
            file,
            dynamo=False,
            opset_version=18,
            input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
        )
    check(onnx.load_from_string(file.getvalue()), x.numpy())
