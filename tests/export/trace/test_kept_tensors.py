"""No tensor of a trace stays in a model whose layers keep what they compute."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx


class Keeps(layers.Layer):
    """Keeps what its first call computed, in an attribute, a list or a dict."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.replaced: Any = None
        self.filled: Any = {
            "filled list": [],
            "filled dict": {},
            "nested list": [[]],
            "list in a dict": {"a": []},
            "dict in a list": [{}],
            "list in a tuple": ([],),
        }.get(kind)

    def call(self, x: Any) -> Any:
        value = ops.sum(x, axis=0)
        if self.filled is not None:
            if not keras.tree.flatten(self.filled):
                self.fill(value)
            return x * keras.tree.flatten(self.filled)[0]
        if self.kind == "new":
            if not hasattr(self, "kept"):
                self.kept = value
            return x * self.kept
        if self.replaced is None:
            made = {"replaced": value, "list": [value], "dict": {"a": value}}
            self.replaced = made[self.kind]
        return x * keras.tree.flatten(self.replaced)[0]

    def fill(self, value: Any) -> None:
        held = self.innermost()
        if isinstance(held, dict):
            held["b"] = value
        else:
            held.append(value)

    def innermost(self) -> Any:
        held = self.filled
        while held:
            held = held["a"] if isinstance(held, dict) else held[0]
        return held

    def forget(self) -> None:
        if self.filled is not None:
            made = Keeps(self.kind).filled
            vars(self)["filled"] = made


@pytest.mark.parametrize(
    "kind",
    [
        "new",
        "replaced",
        "list",
        "dict",
        "filled list",
        "filled dict",
        "nested list",
        "list in a dict",
        "dict in a list",
        "list in a tuple",
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_no_tensor_of_the_trace_stays_in_a_layer(kind: str, nested: bool) -> None:
    layer: Any = Keeps(kind)
    if nested:
        layer = keras.Sequential([layers.Dense(3), layer])
    model = keras.Sequential([keras.Input((3,)), layer])
    # Building the model has kept a tensor too, which is Keras's own.
    for one in model._flatten_layers():
        vars(one).pop("kept", None)
        if isinstance(one, Keeps):
            vars(one)["replaced"] = None
            one.forget()
    to_onnx(model)
    x = np.ones((2, 3), "float32")
    assert isinstance(ops.convert_to_numpy(model(x)), np.ndarray)
