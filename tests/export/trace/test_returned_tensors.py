"""Operations that return the very tensor that they were given, as a mask needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import check_model

FORMS: dict[str, Callable[[Any], Any]] = {
    "cast": lambda x: ops.cast(x, "float32"),
    "cast to another dtype": lambda x: ops.cast(x, "float16"),
    "convert": ops.convert_to_tensor,
    "convert to a dtype": lambda x: ops.convert_to_tensor(x, dtype="float32"),
    "reshape": lambda x: ops.reshape(x, (-1, 3, 4)),
    "reshape by a size": lambda x: ops.reshape(x, (ops.shape(x)[0], 3, 4)),
    "reshape to another shape": lambda x: ops.reshape(x, (-1, 12)),
    "transpose": lambda x: ops.transpose(x, (0, 1, 2)),
    "transpose that moves": lambda x: ops.transpose(x, (0, 2, 1)),
    "broadcast": lambda x: ops.broadcast_to(x, ops.shape(x)),
    "concatenate": lambda x: ops.concatenate([x], axis=1),
    "concatenate twice": lambda x: ops.concatenate([x, x], axis=1),
    "all": lambda x: x[:],
    "dots": lambda x: x[...],
    "dots and all": lambda x: x[..., 0:],
    "from the start": lambda x: x[:, 0:],
    "to the end": lambda x: x[:, :3],
    "part": lambda x: x[:, 1:],
    "moved": lambda x: ops.moveaxis(x, 1, 2),
    "add": lambda x: x + 0,
    "pad": lambda x: ops.pad(x, [[0, 0], [0, 0], [0, 0]]),
    "tile": lambda x: ops.tile(x, (1, 1, 1)),
    "linear": keras.activations.linear,
    "relu": keras.activations.relu,
    "Reshape": layers.Reshape((3, 4)),
    "Permute": layers.Permute((1, 2)),
    "Dropout": layers.Dropout(0.5),
    "Identity": layers.Identity(),
    "Cropping1D": layers.Cropping1D(0),
    "Lambda": layers.Lambda(lambda x: x),
}


class Noted(layers.Layer):
    """Notes for each form whether it returned its argument."""

    def __init__(self) -> None:
        super().__init__()
        self.supports_masking = True
        self.notes: dict[str, bool] = {}

    def call(self, x: Any) -> Any:
        # The notes are no part of the layer's state.
        vars(self)["notes"] = {name: form(x) is x for name, form in FORMS.items()}
        return x + 1


@pytest.mark.filterwarnings("ignore:.*was passed an input with a mask:UserWarning")
@pytest.mark.files_differ("each backend returns other tensors as they are")
def test_the_trace_returns_what_the_backend_does() -> None:
    noted = Noted()
    x = keras.Input((3, 4))
    model = keras.Model(x, noted(layers.Masking()(x)))
    model(np.ones((2, 3, 4), "float32"))
    real = noted.notes
    to_onnx(model)
    assert noted.notes is not real
    assert noted.notes == real
    assert real["linear"]
    assert not real["add"]


class Same(layers.Layer):
    """Returns its argument, by several ways."""

    def call(self, x: Any) -> Any:
        return [ops.cast(x, "float32"), ops.convert_to_tensor(x), x]


def test_outputs_that_are_one_tensor() -> None:
    x = keras.Input((3, 4))
    same = layers.Lambda(lambda t: ops.cast(t, "float32"))
    check_model(keras.Model(x, [*Same()(x), same(layers.ReLU()(x))]))
