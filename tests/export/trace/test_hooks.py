"""The private parts of Keras that tracing needs are there, and are left as they were.

A new Keras that differs fails here, by name, before it fails anywhere else.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.src.backend.common import global_state

from keras_acts.export import (
    UnsupportedKerasError,
    UnsupportedOperationError,
    to_onnx,
)
from keras_acts.export.convert.registry import record_of, registered_kinds
from keras_acts.export.trace import model_signature, trace
from keras_acts.export.trace.handlers.control_flow import CALLS
from keras_acts.export.trace.keras_patches import (
    keras_ops,
    lookup,
    patches,
    reads,
    supported,
    variables,
)
from keras_acts.export.trace.keras_patches.installer import Patch
from support.export_check import check_model

# What each patched function takes, besides itself or a class's `self`.
PARAMETERS = {
    "symbolic_call": ["args", "kwargs"],
    "convert_to_tensor": ["x", "dtype", "sparse", "ragged"],
    "static_call": ["x"],
    "Node": ["operation", "call_args", "call_kwargs", "outputs"],
    "__getattr__": ["name"],
    "tf_encode_categorical_inputs": [
        *("inputs", "output_mode", "depth", "dtype", "sparse"),
        *("count_weights", "idf_weights"),
    ],
    "shape": ["x"],
    "is_tensor": ["x"],
    "scatter": ["indices", "values", "shape"],
    "resize": [
        *("images", "size", "interpolation", "antialias", "crop_to_aspect_ratio"),
        *("pad_to_aspect_ratio", "fill_mode", "fill_value", "data_format"),
    ],
    **{
        f"segment_{name}": ["data", "segment_ids", "num_segments", "sorted"]
        for name in ("max", "min", "prod", "sum")
    },
    "top_k": ["x", "k", "sorted"],
    "one_hot": ["x", "num_classes", "axis", "dtype", "sparse"],
    "pad": ["x", "pad_width", "mode", "constant_values"],
    "tril": ["x", "k"],
    "triu": ["x", "k"],
    "unravel_index": ["indices", "shape"],
    "empty": ["shape", "dtype"],
    "eye": ["N", "M", "k", "dtype"],
    "full": ["shape", "fill_value", "dtype"],
    "identity": ["n", "dtype"],
    "linspace": ["start", "stop", "num", "endpoint", "retstep", "dtype", "axis"],
    "ones": ["shape", "dtype"],
    "tri": ["N", "M", "k", "dtype"],
    "bartlett": ["x"],
    "blackman": ["x"],
    "hamming": ["x"],
    "hanning": ["x"],
    "kaiser": ["x", "beta"],
    "bincount": ["x", "weights", "minlength", "sparse"],
    "clip": ["x", "x_min", "x_max"],
    "roll": ["x", "shift", "axis"],
    "trapezoid": ["y", "x", "dx", "axis"],
    "vectorize": ["pyfunc", "excluded", "signature"],
    "zeros": ["shape", "dtype"],
    "slice": ["inputs", "start_indices", "shape"],
    "__getitem__": ["idx"],
    **{name: ["other"] for name in variables.REFLECTED},
    "broadcast_to": ["x", "shape"],
    "repeat": ["x", "repeats", "axis"],
    "tile": ["x", "repeats"],
    "rnn": [
        *("step_function", "inputs", "initial_states", "go_backwards", "mask"),
        *("constants", "unroll", "input_length", "time_major"),
        *("zero_output_for_mask", "return_all_outputs"),
    ],
    "cast": ["x", "dtype"],
    "expand_dims": ["x", "axis"],
    "matmul": ["x1", "x2"],
    "reshape": ["x", "newshape"],
    "squeeze": ["x", "axis"],
    "transpose": ["x", "axes"],
    "unpack_int4": ["packed", "orig_len", "axis", "dtype"],
    "_create_dropout_mask": ["step_input", "dropout_rate"],
}
# The backend's functions take what those of `keras.ops` do.
PARAMETERS |= {
    name: list(inspect.signature(getattr(ops, name)).parameters) for name in CALLS
}
# Whose arguments tracing does not read, or that a backend names as it likes.
UNREAD = {*patches.FUSED_RNNS, "custom_gradient"}

PRESENT = [patch for patch in patches.PATCHES if supported.replaces(patch.path)]


def attributes() -> list[Any]:
    """What stands at present where tracing puts its own."""
    owners = [lookup.find(patch.owner) for patch in PRESENT]
    return [
        getattr_static(owner, patch.name)
        for owner, patch in zip(owners, PRESENT, strict=True)
    ]


def getattr_static(owner: Any, name: str) -> Any:
    return owner.__bases__ if name == "__bases__" else vars(owner)[name]


def patched_functions() -> Iterator[tuple[str, Any]]:
    """Each function that another one stands for while a thread traces, by a name."""
    for patch in PRESENT:
        if patch.name not in ("backend", "random", "__bases__"):
            owner = lookup.find(patch.owner)
            yield f"{patch.owner}.{patch.name}", getattr(owner, patch.name)
    backend = lookup.find("keras.src.backend")
    for module, names in keras_ops.FUNCTIONS.items():
        for name in names:
            yield f"{module}.{name}", getattr(getattr(backend, module), name)
    for name in ("__getitem__", *variables.REFLECTED):
        yield f"Variable.{name}", getattr(keras.Variable, name)


@pytest.mark.parametrize(("path", "function"), list(patched_functions()))
def test_a_patched_function_takes_what_it_took(path: str, function: Any) -> None:
    name = path.rsplit(".", 1)[-1]
    if name in UNREAD or path.startswith("tensorflow:"):
        return
    parameters = list(inspect.signature(function).parameters)
    assert [p for p in parameters if p != "self"] == PARAMETERS[name], path


@pytest.mark.parametrize("patch", patches.PATCHES, ids=lambda patch: patch.path)
def test_a_patched_attribute_is_there(patch: Patch) -> None:
    if supported.lacks(patch.path):
        with pytest.raises(UnsupportedKerasError):
            lookup.find(patch.path)
    else:
        assert getattr_static(lookup.find(patch.owner), patch.name) is not None


def test_few_attributes_are_replaced() -> None:
    """More than these need a reason: each is a way to break with the next Keras."""
    newest = supported.parsed(keras.__version__) >= supported.parsed(
        supported.TRIED[-1]
    )
    of_keras = [patch for patch in PRESENT if patch.path.startswith("keras")]
    assert len(of_keras) <= (31 if newest else 32)
    assert len(PRESENT) - len(of_keras) <= 6, "comparisons of TensorFlow's tensors"
    assert len({patch.path for patch in patches.PATCHES}) == len(patches.PATCHES)


def test_attributes_that_tracing_reads_are_there() -> None:
    x = keras.Input((3,))
    layer = layers.Dense(2)
    model = keras.Model(x, layer(x))
    assert isinstance(layer._inbound_nodes, list)
    assert isinstance(layer._outbound_nodes, list)
    assert keras.tree.flatten(model._inputs_struct) == [x]
    assert model.output_names == [layer.name]
    assert isinstance(global_state.get_global_attribute("object_name_uids"), dict)
    parameters = inspect.signature(keras.KerasTensor).parameters
    assert {"record_history", "name", "shape", "dtype"} <= set(parameters)


def test_a_first_call_records_its_shapes() -> None:
    class Plain(keras.Model):
        def call(self, x: Any) -> Any:
            return x * 2

    model = Plain()
    model(np.ones((4, 3), "float32"))
    assert reads.recorded_shapes(model) == {"input_shape": (4, 3)}


@pytest.mark.parametrize("kind", registered_kinds())
def test_a_converted_operation_is_there(kind: str) -> None:
    if kind.rsplit(".", 1)[0] in ("keras_acts", "random", "trace", "trace.creation"):
        return
    path = reads.operation_path(kind)
    if supported.lacks(kind):
        with pytest.raises(UnsupportedKerasError):
            lookup.find(path)
        return
    cls = lookup.find(path)
    assert issubclass(cls, keras.Operation)
    assert f"{cls.__module__}:{cls.__name__}" == path


def dense_model() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, layers.Dense(2, activation="mish")(x))


def test_hooks_are_gone_after_a_trace() -> None:
    before = attributes()
    to_onnx(dense_model())
    assert attributes() == before


def test_hooks_are_gone_after_a_failure() -> None:
    class Broken(layers.Layer):
        def call(self, x: Any) -> Any:
            raise ArithmeticError("in the call")

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    before = attributes()
    x = keras.Input((3,))
    with pytest.raises(UnsupportedOperationError, match="ArithmeticError: in the call"):
        to_onnx(keras.Model(x, Broken()(x)))
    assert attributes() == before


def test_hooks_do_nothing_in_other_threads() -> None:
    seen: dict[str, Any] = {}

    class Waiting(layers.Layer):
        def call(self, x: Any) -> Any:
            worker = threading.Thread(target=self.build_a_model)
            worker.start()
            worker.join()
            return x * 2.0

        def build_a_model(self) -> None:
            y = keras.Input((3,))
            seen["model"] = keras.Model(y, layers.ReLU()(layers.Dense(2)(y)))
            seen["array"] = ops.convert_to_numpy(ops.zeros((2,)))

    class Lazy(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.waiting = Waiting()

        def call(self, x: Any) -> Any:
            return self.waiting(x)

    model = Lazy()
    model(np.ones((1, 3), "float32"))
    seen.clear()
    proto = to_onnx(model)
    assert [node.op_type for node in proto.graph.node] == ["Mul"]
    assert [type(layer).__name__ for layer in seen["model"].layers[1:]] == [
        "Dense",
        "ReLU",
    ]
    np.testing.assert_array_equal(seen["array"], np.zeros(2))


def test_a_functional_model_can_be_made_during_a_trace() -> None:
    class Making(layers.Layer):
        def call(self, x: Any) -> Any:
            y = keras.Input((3,))
            inner = keras.Model(y, y * 3.0)
            return x + float(len(inner.layers))

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input((3,))
    check_model(keras.Model(x, Making()(x)))


@pytest.mark.parametrize(
    "name", ["mish", "hard_silu", "hard_swish", "sparsemax", "relu", "softmax", "glu"]
)
def test_an_activation_is_traced(name: str) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Activation(name)(x))
    graph = trace(model, model_signature(model), record_of=record_of)
    assert graph.nodes
    assert graph.nodes[-1].outputs is graph.outputs[model.output_names[0]]


def test_the_scope_of_a_node_is_its_layers() -> None:
    inner = keras.Sequential([layers.Dense(2, name="deep")], name="inner")
    x = keras.Input((3,))
    model = keras.Model(x, inner(x) * 2.0, name="outer")
    graph = trace(model, model_signature(model))
    scopes = {node.kind: node.scope for node in graph.nodes}
    assert scopes["numpy.Matmul"] == ("outer", "inner", "deep")
    assert scopes["numpy.Multiply"] == ("outer",)


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
def test_the_backends_own_recurrence_steps_aside(layer: Any) -> None:
    x = keras.Input((None, 3))
    model = keras.Model(x, layer(2, dropout=0.5)(x))
    graph = trace(model, model_signature(model))
    kinds = [node.kind for node in graph.nodes]
    assert kinds.count("trace.rnn") == 1
    assert not any("random" in kind for kind in kinds)


def test_keras_infers_shapes_of_control_flow_during_a_trace() -> None:
    def one(v: Any) -> Any:
        return ops.cond(ops.sum(v) > 0, lambda: v, lambda: ops.fori_loop(0, 2, add, v))

    def add(i: Any, v: Any) -> Any:
        return v + 1.0

    class Making(layers.Layer):
        def call(self, x: Any) -> Any:
            y = keras.Input((3,))
            inner = keras.Model(y, ops.map(one, y))
            return x + float(inner.output_shape[-1])

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input((3,))
    proto = check_model(keras.Model(x, Making()(x)))
    assert [node.op_type for node in proto.graph.node] == ["Add"]
