"""The graph builder against ONNX's schemas: what it refuses, and what it infers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from keras_acts.export import ExportError, OpsetError, UnsupportedOperationError
from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.loops import branch
from keras_acts.export.options import OPSETS

D = ir.DataType

INPUTS = {
    "x": (D.FLOAT, (None, 3)),
    "y": (D.FLOAT, (None, 4)),
    "h": (D.BFLOAT16, (2, 2)),
    "b": (D.BOOL, (None, 3)),
    "i": (D.INT64, (2,)),
    "n": (D.INT32, (4, 5)),
    "s": (D.STRING, (2,)),
}

Call = Callable[[GraphBuilder, dict[str, ir.Value]], Any]


def builder(opset: int = 21) -> tuple[GraphBuilder, dict[str, ir.Value]]:
    g = GraphBuilder(opset, "portable")
    return g, {name: g.placeholder(name, *kind) for name, kind in INPUTS.items()}


# What it refuses


@dataclass(frozen=True)
class Refused:
    """A call that no valid graph holds.

    Attributes:
        call: Appends an operator.
        kind: The error.
        said: Parts of what the error says, besides what was received.
        opset: The opset at which it is refused.
    """

    call: Call
    kind: type[ExportError]
    said: tuple[str, ...]
    opset: int = 21


NEVER, ELSEWHERE = UnsupportedOperationError, OpsetError

REFUSED = {
    "no operator": Refused(
        lambda g, v: g.Foo(v["x"]), NEVER, ("no operator Foo", "17 to 26")
    ),
    "a removed operator": Refused(
        lambda g, v: g.Upsample(v["x"]), NEVER, ("no operator Upsample",)
    ),
    "a later operator": Refused(
        lambda g, v: g.Swish(v["x"]),
        ELSEWHERE,
        ("Opset 21 has no operator Swish", "from opset 24 on"),
    ),
    "too many inputs": Refused(
        lambda g, v: g.Relu(v["x"], v["y"]), NEVER, ("Relu has 1 input, not 2",)
    ),
    "too few inputs": Refused(
        lambda g, v: g.Conv(v["x"]), NEVER, ("Conv has 2 to 3 inputs, not 1",)
    ),
    "an input left out": Refused(
        lambda g, v: g.Clip(None, 0.0), NEVER, ("needs a value beside",)
    ),
    "a value left out": Refused(
        lambda g, v: g.Add(v["x"], None), NEVER, ("Add needs its input B",)
    ),
    "no inputs of any number": Refused(
        lambda g, v: g.Concat(axis=0), NEVER, ("at least 1 input, not 0",)
    ),
    "too many outputs": Refused(
        lambda g, v: g.Dropout(v["x"], outputs=3), NEVER, ("1 to 2 outputs, not 3",)
    ),
    "a later input": Refused(
        lambda g, v: g.ReduceMax(v["x"], [1]), ELSEWHERE, ("from opset 18 on",), 17
    ),
    "no attribute": Refused(
        lambda g, v: g.Relu(v["x"], alpha=1),
        NEVER,
        ("Relu has no attribute 'alpha'", "none"),
    ),
    "a later attribute": Refused(
        lambda g, v: g.Split(v["x"], num_outputs=3, axis=1, outputs=3),
        ELSEWHERE,
        ("no attribute 'num_outputs'", "from opset 18 on"),
        17,
    ),
    "an earlier attribute": Refused(
        lambda g, v: g.ReduceMax(v["x"], axes=[1]),
        ELSEWHERE,
        ("no attribute 'axes'", "up to opset 17"),
    ),
    "an attribute left out": Refused(
        lambda g, v: g.Cast(v["x"]), NEVER, ("Cast needs the attribute 'to'",)
    ),
    "an integer for a float": Refused(
        lambda g, v: g.LeakyRelu(v["x"], alpha=1), NEVER, ("FLOAT, not as INT",)
    ),
    "a number for a list": Refused(
        lambda g, v: g.Transpose(v["x"], perm=1), NEVER, ("INTS, not as INT",)
    ),
    "an attribute of no type": Refused(
        lambda g, v: g.LeakyRelu(v["x"], alpha=object()), NEVER, ("'alpha'",)
    ),
    "a type": Refused(
        lambda g, v: g.Relu(v["s"]), NEVER, ("no tensor(string) as its input X",)
    ),
    "a later type": Refused(
        lambda g, v: g.Det(v["h"]),
        ELSEWHERE,
        ("no tensor(bfloat16) as its input X", "from opset 22 on"),
    ),
    "two types": Refused(
        lambda g, v: g.Add(v["x"], v["i"]),
        NEVER,
        ("one type", "tensor(float) and tensor(int64)"),
    ),
    "shapes": Refused(
        lambda g, v: g.Add(v["x"], v["y"]), NEVER, ("do not fit", "(None, 3)")
    ),
    "a shape noted": Refused(
        lambda g, v: g.with_shape(g.Relu(v["x"]), (None, 4)), NEVER, ("with_shape",)
    ),
    "a rank noted": Refused(
        lambda g, v: g.with_shape(g.Relu(v["x"]), (3,)), NEVER, ("with_shape",)
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_it_is_appended(case: str) -> None:
    row = REFUSED[case]
    g, values = builder(row.opset)
    with pytest.raises(ExportError) as caught:
        row.call(g, values)
    assert type(caught.value) is row.kind
    message = str(caught.value)
    assert all(part in message for part in row.said), message
    assert "Received: " in message


# Every operator


def schemas(opset: int) -> list[onnx.defs.OpSchema]:
    """Return ONNX's own list of what an opset has."""
    names = {x.name for x in onnx.defs.get_all_schemas() if x.domain == ""}
    found = [
        onnx.defs.get_schema(name, opset)
        for name in sorted(names)
        if onnx.defs.has(name, max_inclusive_version=opset)
    ]
    return [schema for schema in found if not schema.deprecated]


def required(schema: onnx.defs.OpSchema) -> dict[str, Any]:
    """Return some value of each attribute that an operator needs."""
    examples = {"INT": 1, "FLOAT": 1.0, "STRING": "a", "INTS": [1], "FLOATS": [1.0]}
    examples |= {"GRAPH": ir.Graph([], [ir.Value(name="made")], nodes=[], name="body")}
    return {
        name: examples[attribute.type.name]
        for name, attribute in schema.attributes.items()
        if attribute.required
    }


def untyped(count: int) -> list[ir.Value]:
    return [ir.Value(name=f"value{i}") for i in range(count)]


def call(
    g: GraphBuilder, schema: onnx.defs.OpSchema, more: int = 0, **attributes: Any
) -> Any:
    """Append an operator with the fewest inputs, or fewer, and attributes."""
    inputs = untyped(schema.min_input + more)
    outputs = max(1, schema.min_output)
    given = {**required(schema), **attributes}
    return getattr(g, schema.name)(*inputs, outputs=outputs, **given)


SEVERAL = {"Constant", "Optional"}
"""Operators that take one of several attributes or inputs, which no schema says."""


@pytest.mark.parametrize("opset", OPSETS)
def test_every_operator(opset: int) -> None:
    """The fewest inputs are taken, fewer and unknown attributes refused."""
    every = schemas(opset)
    assert len(every) > 170
    for schema in every:
        g = GraphBuilder(opset, "portable")
        if schema.name not in SEVERAL:
            call(g, schema)
            assert [node.op_type for node in g.nodes] == [schema.name]
        if schema.min_input:
            with pytest.raises(ExportError, match=r"input.*Received: "):
                call(g, schema, -1)
        if schema.max_input < 2**31 - 1:
            with pytest.raises(ExportError, match=r"input.*Received: "):
                call(g, schema, schema.max_input - schema.min_input + 1)
        with pytest.raises(ExportError, match=r"no attribute 'nonsense'.*Received: "):
            call(g, schema, nonsense=1)
        for name in required(schema):
            with pytest.raises(ExportError, match=f"needs the attribute '{name}'"):
                call(g, schema, **{name: None})


# The types that no operator is computed in by casts around it.
PECULIAR = (D.STRING, D.COMPLEX64, D.FLOAT8E5M2, D.INT4, D.INT64, D.FLOAT)


@pytest.mark.parametrize("opset", OPSETS)
def test_every_type(opset: int) -> None:
    """What a first input can't be is refused, by each operator that takes tensors."""
    refused = 0
    for schema in schemas(opset):
        allowed = schema.inputs[0].types if schema.inputs else ()
        for dtype in PECULIAR:
            if not schema.min_input or f"tensor({dtype.name.lower()})" in allowed:
                continue
            g = GraphBuilder(opset, "portable")
            inputs = untyped(schema.min_input)
            inputs[0].type = ir.TensorType(dtype)
            with pytest.raises(ExportError, match=r"takes no tensor.*Received: "):
                getattr(g, schema.name)(
                    *inputs, outputs=max(1, schema.min_output), **required(schema)
                )
            refused += 1
    assert refused > 400


# What it infers


@dataclass(frozen=True)
class Inferred:
    """What is known of the outputs of an operator."""

    call: Call
    dtypes: tuple[ir.DataType, ...]
    shapes: tuple[tuple[int | None, ...], ...]


def one(call: Call, dtype: ir.DataType, *shape: int | None) -> Inferred:
    return Inferred(call, (dtype,), (shape,))


INFERRED = {
    "that of the input": one(lambda g, v: g.Relu(v["x"]), D.FLOAT, None, 3),
    "broadcasting": one(lambda g, v: g.Add(v["n"], v["n"]), D.INT32, 4, 5),
    "a number": one(lambda g, v: g.Pow(v["x"], 2.0), D.FLOAT, None, 3),
    "a boolean": one(lambda g, v: g.Less(v["x"], 0.0), D.BOOL, None, 3),
    "the second of three": one(
        lambda g, v: g.Where(v["b"], v["x"], 0.0), D.FLOAT, None, 3
    ),
    "the third of three": one(
        lambda g, v: g.Where(v["b"], 0.0, v["x"]), D.FLOAT, None, 3
    ),
    "values": one(
        lambda g, v: g.OneHot(v["i"], [7], np.zeros(2, "float16")), D.FLOAT16, 2, 7
    ),
    "integers": one(lambda g, v: g.Shape(v["x"]), D.INT64, 2),
    "indices": Inferred(
        lambda g, v: g.TopK(v["n"], [2], outputs=2),
        (D.INT32, D.INT64),
        ((4, 2), (4, 2)),
    ),
    "an attribute": one(lambda g, v: g.Cast(v["n"], to=int(D.DOUBLE)), D.DOUBLE, 4, 5),
    "the type of another": one(
        lambda g, v: g.CastLike(v["n"], v["h"]), D.BFLOAT16, 4, 5
    ),
    "a tensor in an attribute": one(
        lambda g, v: g.ConstantOfShape([3], value=ir.tensor(np.zeros(1, "int8"))),
        D.INT8,
        3,
    ),
    "a constant shape": one(lambda g, v: g.Reshape(v["n"], [2, -1]), D.INT32, 2, 10),
    "a shape of known rank": one(
        lambda g, v: g.Reshape(v["n"], v["i"]), D.INT32, None, None
    ),
    "parts": Inferred(
        lambda g, v: g.Split(v["n"], [1, 3], axis=0, outputs=2),
        (D.INT32, D.INT32),
        ((1, 5), (3, 5)),
    ),
    "two branches": Inferred(
        lambda g, v: branch(
            g, v["b"], lambda: [g.Neg(v["x"])], lambda: [g.Abs(v["x"])]
        )[0],
        (D.FLOAT,),
        ((None, 3),),
    ),
    "in a wider type": one(lambda g, v: g.Neg(v["h"]), D.BFLOAT16, 2, 2),
}


@pytest.mark.parametrize("case", INFERRED)
@pytest.mark.parametrize("opset", [OPSETS[0], OPSETS[-1]])
def test_inferred(case: str, opset: int) -> None:
    row = INFERRED[case]
    g, values = builder(opset)
    made = row.call(g, values)
    results = made if isinstance(made, tuple) else (made,)
    assert tuple(x.dtype for x in results) == row.dtypes
    assert tuple(g.static_shape(x) for x in results) == row.shapes


@pytest.mark.parametrize("opset", OPSETS)
def test_a_number_has_the_type_of_what_it_stands_beside(opset: int) -> None:
    """Not that of the first input, where the schema says which one it is."""
    g, v = builder(opset)
    g.QuantizeLinear(v["x"], 0.5, np.zeros((), "uint8"))
    scale = g.nodes[-1].inputs[1]
    assert scale is not None
    assert scale.dtype == D.FLOAT
