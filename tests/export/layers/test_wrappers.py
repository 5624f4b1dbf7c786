"""Layers around others, layers of functions, and those of other frameworks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from keras_acts.export.convert.unsupported import UNSUPPORTED_LAYERS
from support import export_check
from support.export_check import LayerCase, check_layer, each

DENSE = {"units": 3, "kernel_initializer": "ones"}


class Doubled(layers.Wrapper):
    """What another layer makes, twice."""

    def call(self, inputs: Any) -> Any:
        return 2.0 * self.layer(inputs)


class Weighed(layers.Layer):
    """An array of the backend before the tensor, to which it leaves the operator."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = ops.convert_to_tensor([0.5, 1.0, 2.0, 3.0])

    def call(self, inputs: Any) -> Any:
        return self.factor * inputs


def around(wrapper: Callable[..., Any], inner: Callable[..., Any]) -> Any:
    """A wrapper around a layer that is made of the arguments."""

    def layer(**kwargs: Any) -> Any:
        return wrapper(inner(**kwargs))

    layer.__name__ = f"{wrapper.__name__}-{inner.__name__}"
    return layer


def pipeline(**kwargs: Any) -> Any:
    steps = [layers.Rescaling(0.5), layers.Dense(**kwargs), layers.Dropout(0.3)]
    return layers.Pipeline(steps)


IMAGE = (6, 7, 2)
CONVOLUTION = {"filters": 3, "kernel_size": 3, "kernel_initializer": "ones"}
CASES = [
    LayerCase(around(Doubled, layers.Dense), DENSE, (4,), {"Add", "MatMul"}),
    LayerCase(
        around(layers.SpectralNormalization, layers.Dense),
        DENSE,
        (4,),
        {"Add", "MatMul"},
    ),
    LayerCase(
        around(layers.SpectralNormalization, layers.Conv2D),
        {**CONVOLUTION, "data_format": "channels_last"},
        IMAGE,
        {"Conv"},
    ),
    LayerCase(
        around(layers.TimeDistributed, layers.Dense),
        DENSE,
        (None, 4),
        {"Add", "Concat", "MatMul"},
    ),
    LayerCase(pipeline, DENSE, (4,), {"Add", "MatMul", "Mul"}),
    LayerCase(
        layers.Lambda, {"function": lambda x: ops.sin(x) * 2}, (4,), {"Mul", "Sin"}
    ),
    LayerCase(layers.Lambda, {"function": lambda x: x[:, 1:]}, (4,), {"Slice"}),
    LayerCase(layers.ActivityRegularization, {"l2": 0.1}, (4,), set()),
    LayerCase(layers.Identity, {}, (None, 4), set()),
    LayerCase(Weighed, {}, (4,), {"Mul"}),
]


@each(*CASES)
def test_inference(case: LayerCase) -> None:
    check_layer(case)


def test_a_function_of_several_tensors_with_arguments() -> None:
    inputs = [keras.Input((4,)), keras.Input((4,))]
    layer = layers.Lambda(
        lambda xs, power: xs[0] ** power + ops.relu(xs[1]), arguments={"power": 2}
    )
    export_check.check_model(keras.Model(inputs, layer(inputs)))


def test_a_function_of_numpy_is_refused() -> None:
    x = keras.Input((4,))
    layer = layers.Lambda(lambda x: np.sin(np.asarray(x)), output_shape=(4,))
    with pytest.raises(UnsupportedOperationError, match="can't be traced"):
        to_onnx(keras.Model(x, layer(x)), engine="native")


def torch_module() -> Any:
    import torch

    return layers.TorchModuleWrapper(torch.nn.Linear(4, 2), name="here")


def jax_function() -> Any:
    return layers.JaxLayer(lambda inputs: 2.0 * inputs, name="here")


class Foreign(keras.Model):
    """A model of one layer, which need not know the shape of what it makes."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.inner = layer

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


@pytest.mark.parametrize(
    ("backend", "make", "name"),
    [
        ("torch", torch_module, "TorchModuleWrapper"),
        ("jax", jax_function, "JaxLayer"),
    ],
)
def test_a_layer_of_another_framework_is_refused(
    backend: str, make: Callable[[], Any], name: str
) -> None:
    if keras.backend.backend() != backend:
        pytest.skip(f"Keras has the layer on {backend} alone")
    model = Foreign(make())
    model(np.ones((2, 4), "float32"))
    with pytest.raises(UnsupportedOperationError) as raised:
        to_onnx(model, engine="native")
    message = str(raised.value)
    assert f"Layer here (of type {name})" in message
    assert UNSUPPORTED_LAYERS[name] in message


def test_a_saved_model_is_refused(tmp_path: Any) -> None:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras calls SavedModels on TensorFlow alone")
    x = keras.Input((4,))
    keras.Model(x, layers.Dense(2)(x)).export(tmp_path, verbose=False)
    model = Foreign(layers.TFSMLayer(tmp_path, name="here"))
    model(np.ones((2, 4), "float32"))
    with pytest.raises(UnsupportedOperationError, match="tf2onnx") as raised:
        to_onnx(model, engine="native")
    assert "Layer here (of type TFSMLayer)" in str(raised.value)


def test_a_subclass_with_a_call_of_its_own_is_not_refused() -> None:
    class Hashed(layers.Hashing):
        """One's own way to spread integers, where Keras's can't be exported."""

        def call(self, inputs: Any) -> Any:
            return ops.mod(inputs, self.num_bins)

    x = keras.Input((4,), dtype="int32")
    model = keras.Model(x, Hashed(3)(x))
    proto = to_onnx(model, engine="native")
    assert "Mod" in export_check.operators(proto)
