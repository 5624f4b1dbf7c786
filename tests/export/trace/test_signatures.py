"""What can be exported with an `input_signature`: functions, layers, models.

Each row is something that is called, its signature, and the arguments of a call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import KerasTensor, layers, ops

from keras_acts.export import SignatureError, export_model, to_onnx, verify
from support.export_check import assert_alike, open_session, run
from support.runs.evidence import compares_answers

Spec = functools.partial(keras.InputSpec, dtype="float32")
WIDTH = 4


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype("float32")


def dense(name: str, units: int = WIDTH) -> layers.Dense:
    layer = layers.Dense(units, name=name)
    layer.build((None, WIDTH))
    return layer


def encoder() -> keras.Sequential:
    return keras.Sequential([keras.Input((WIDTH,)), dense("hidden")], name="encoder")


class Plain(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = dense("dense")

    def call(self, x: Any, training: Any = None) -> Any:
        return self.dense(x, training=training)

    def call_with_cache(self, x: Any, cache: Any, scale: float = 2.0) -> Any:
        new = {"key": cache["key"] + x, "pair": (cache["pair"][0] * scale,)}
        return self.dense(x + new["key"]), new


class Two(keras.Model):
    def call(self, x: Any, y: Any, training: Any = None) -> Any:
        return ops.concatenate([x, y * 2.0], axis=-1)


class Listed(keras.Model):
    def call(self, inputs: Any) -> Any:
        x, y = inputs
        return ops.concatenate([x, y * 2.0], axis=-1)


class Optional(layers.Layer):
    supports_masking = True

    def call(self, x: Any, y: Any = None, mask: Any = None) -> Any:
        x = x if y is None else x + y
        return x if mask is None else ops.where(ops.expand_dims(mask, -1), x, 0.0)


class Switched(keras.Model):
    def call(self, x: Any, training: Any = None) -> Any:
        return x * 3.0 if training else x


def called(model: keras.Model, *arguments: Any) -> keras.Model:
    model(*arguments)
    return model


def functional(several: bool = False) -> keras.Model:
    a, b = keras.Input((WIDTH,), name="a"), keras.Input((2,), name="b")
    y = layers.Concatenate(name="y")([a, b])
    return keras.Model([a, b] if several else {"a": a, "b": b}, y)


def a_closure() -> Callable[[Any], Any]:
    encode, head = encoder(), dense("head", 3)

    def classify(image: Any) -> Any:
        scores = ops.softmax(head(encode(ops.cast(image, "float32") / 255.0)))
        return {"label": ops.argmax(scores, axis=-1), "scores": scores}

    return classify


def scores() -> Callable[[Any], Any]:
    """Return a function whose result varies with random images; a label hardly does."""
    encode, head = encoder(), dense("head", 3)
    return lambda image: head(encode(ops.cast(image, "float32") / 255.0))


def an_attribute() -> Callable[[Any], Any]:
    class Holder:
        inner = dense("inner")

        def __init__(self) -> None:
            self.encode = [encoder()]

        def predict(self, x: Any) -> Any:
            return self.encode[0](x)

    return Holder().predict


def a_partial() -> Callable[[Any], Any]:
    def apply(layer: Any, x: Any) -> Any:
        return layer(layer(x))

    return functools.partial(apply, dense("twice"))


def a_variable() -> Callable[[Any], Any]:
    factor = keras.Variable(floats(WIDTH, 3), name="factor")
    return lambda x: ops.matmul(x, factor)


def masked() -> Callable[[Any], Any]:
    embed = layers.Embedding(9, 3, mask_zero=True, name="embed")
    recur = layers.GRU(2, name="recur")
    recur(embed(np.ones((1, 2), "int32")))
    return lambda ids: recur(embed(ids))


def unbuilt() -> Callable[[Any], Any]:
    stack = [layers.Dense(3, name="first"), Plain()]
    stack[1].dense = layers.Dense(2, name="second")
    return lambda x: functools.reduce(lambda y, layer: layer(y), stack, x)


@dataclass(frozen=True)
class Row:
    """Something to export.

    Attributes:
        name: What it is.
        make: Makes it.
        signature: Its signature.
        arguments: The arguments of a call, batch 3.
        keywords: The keywords of the call.
        inputs: The inputs' names in the file.
        weights: Names of weights in the file, if it has some.
    """

    name: str
    make: Callable[[], Any]
    signature: Any
    arguments: tuple[Any, ...] = (floats(3, WIDTH),)
    keywords: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ("x",)
    weights: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


X, PAIR = Spec(shape=(None, WIDTH)), Spec(shape=(None, 2))
NAMED = Spec(shape=(None, WIDTH), name="x")
BOTH = floats(3, WIDTH), floats(3, 2)
IDS = np.array([[3, 1, 0], [2, 0, 0], [4, 5, 6]], "int32")
CACHE = {"key": floats(3, WIDTH), "pair": [floats(3, 2)]}

ROWS = [
    Row(
        "a function that closes over layers",
        a_closure,
        [keras.InputSpec(shape=(None, WIDTH), dtype="uint8")],
        (np.arange(3 * WIDTH, dtype="uint8").reshape(3, WIDTH) * 20,),
        inputs=("image",),
        weights=("encoder/hidden/kernel", "head/kernel"),
    ),
    Row("the encoder of a model", lambda: encoder().layers[0], [NAMED]),
    Row("a method", an_attribute, X, weights=("encoder/hidden/kernel",)),
    Row("a partial", a_partial, [X], weights=("twice/bias",)),
    Row("a variable", a_variable, [(None, WIDTH)], weights=("factor",)),
    Row(
        "a mask between layers",
        masked,
        [keras.InputSpec(shape=(None, None), dtype="int32")],
        (IDS,),
        inputs=("ids",),
        weights=("embed/embeddings",),
    ),
    Row("unbuilt layers", unbuilt, [X], weights=("first/kernel",)),
    Row(
        "a call with a cache",
        lambda: Plain().call_with_cache,
        [X, {"key": X, "pair": [PAIR]}],
        (floats(3, WIDTH), CACHE),
        inputs=("x", "key", "pair"),
        weights=("dense/kernel",),
    ),
    Row(
        "a function by keywords",
        lambda: lambda x, *, shift: x - shift,
        {"shift": X, "x": X},
        (),
        {"shift": floats(3, WIDTH), "x": floats(3, WIDTH) * 2},
        ("shift", "x"),
    ),
    Row(
        "a function with an argument left out",
        lambda: lambda x, y=None: x * 2.0 if y is None else x + y,
        [X],
    ),
    Row("a subclassed model", lambda: called(Plain(), BOTH[0]), [NAMED]),
    Row("one never called", Plain, [NAMED]),
    Row("of a KerasTensor", Plain, [KerasTensor((None, WIDTH), name="x")]),
    *(
        Row(
            f"two arguments in a {kind.__name__}{known}",
            make,
            kind([X, PAIR]),
            BOTH,
            inputs=("input_0", "input_1"),
        )
        for kind in (list, tuple)
        for known, make in (
            ("", Two),
            (", called", lambda: called(Two(), *BOTH)),
        )
    ),
    Row("two by name", Two, {"x": X, "y": PAIR}, BOTH, {}, ("x", "y")),
    *(
        Row(
            f"one argument that is a list{known}",
            make,
            signature,
            ([*BOTH],),
            inputs=("input_0", "input_1"),
        )
        for known, make in (
            ("", Listed),
            (", called", lambda: called(Listed(), [*BOTH])),
        )
        for signature in ([X, PAIR], [[X, PAIR]])
    ),
    Row("an optional argument left out", Optional, [NAMED]),
    Row(
        "an optional argument",
        Optional,
        [X, X],
        (floats(3, WIDTH), floats(3, WIDTH)),
        inputs=("input_0", "input_1"),
    ),
    Row(
        "a mask",
        Optional,
        {"x": X, "mask": keras.InputSpec(shape=(None,), dtype="bool")},
        (floats(3, WIDTH),),
        {"mask": np.array([True, False, True])},
        ("x", "mask"),
    ),
    Row(
        "training as a constant",
        Switched,
        {"x": X, "training": True},
        (floats(3, WIDTH),),
        {"training": True},
    ),
    *(
        Row(f"a Functional model, {name}", make, signature, argument, {}, ("a", "b"))
        for make, argument, signatures in (
            (
                functional,
                ({"a": BOTH[0], "b": BOTH[1]},),
                {"a dict": {"a": X, "b": PAIR}, "in a list": [{"a": X, "b": PAIR}]},
            ),
            (
                functools.partial(functional, several=True),
                ([*BOTH],),
                {"a list": [X, PAIR], "a list in one": [[X, PAIR]], "2": (X, PAIR)},
            ),
        )
        for name, signature in signatures.items()
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_signature(row: Row) -> None:
    model = row.make()
    proto = to_onnx(model, input_signature=row.signature, engine="native")
    onnx.checker.check_model(proto, full_check=True)
    names = [x.name for x in proto.graph.input]
    assert names == list(row.inputs), names
    stored = [x.name for x in proto.graph.initializer]
    assert set(row.weights) <= set(stored)
    if not compares_answers():
        return
    flat = keras.tree.flatten([row.arguments, list(row.keywords.values())])
    flat = [x for x in flat if not isinstance(x, bool)]
    want = keras.tree.flatten(model(*row.arguments, **row.keywords))
    got = run(open_session(proto), flat)
    for ours, theirs in zip(got, want, strict=True):
        expected = np.asarray(ops.convert_to_numpy(theirs))
        assert_alike(ours, expected.astype(ours.dtype))


WRONG = {
    "none for a function": (a_closure, None, r"give `input_signature`, such as `\["),
    "too many for a function": (a_closure, [X, X], r"\(image\).*\[\(None, 4\), \(No"),
    "too few": (lambda: Plain().call_with_cache, [X], r"\(x, cache, scale=2.0\).*'x'"),
    "two for one": (lambda: called(Plain(), BOTH[0]), [X, X], "`training` would"),
    "another key": (
        functional,
        [{"a": X, "c": PAIR}],
        r"structure \{'a': \(None, 4\), 'b'.*\[\{'a': \(None, 4\), 'c'",
    ),
    "a list for a dict": (functional, [X, PAIR], r"Received: .*\[\(None, 4\), \(None"),
    "an unknown key": (lambda: lambda x: x, {"z": 3}, "must be a `keras.InputSpec`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_signature(case: str) -> None:
    make, signature, message = WRONG[case]
    with pytest.raises(SignatureError, match=message):
        to_onnx(make(), input_signature=signature)


def test_a_weight_used_twice_is_stored_once() -> None:
    head, encode = dense("head"), encoder()
    proto = to_onnx(lambda x: head(encode(x)) + head(x), input_signature=[X])
    names = [x.name for x in proto.graph.initializer]
    assert sorted(n for n in names if "head" in n) == ["head/bias", "head/kernel"]


def test_a_function_leaves_its_layers_alone() -> None:
    head = dense("head")
    before = [w.path for w in head.weights], len(head._inbound_nodes)
    to_onnx(lambda x: head(x), input_signature=[X])
    assert ([w.path for w in head.weights], len(head._inbound_nodes)) == before


@pytest.mark.parametrize("case", ["a function", "a layer"])
def test_it_is_verified_and_written(case: str, tmp_path: Path) -> None:
    model = scores() if case == "a function" else layers.Dense(3)
    dtype = "uint8" if case == "a function" else "float32"
    signature = [keras.InputSpec(shape=(None, WIDTH), dtype=dtype)]
    path = tmp_path / "m.onnx"
    report = export_model(model, path, input_signature=signature)
    assert report.status == "passed"
    if case == "a layer":
        return
    assert verify(model, path, input_signature=signature).passed
    assert not verify(scores(), path, input_signature=signature).passed
