"""The private parts of Keras that tracing needs are there, and are left as they were.

A new Keras that differs fails here, by name, before it fails anywhere else.
"""

from __future__ import annotations

import importlib
import inspect
import threading
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.src.backend.common import global_state

from keras_acts.export import UnsupportedOperationError, to_onnx
from keras_acts.export.convert.registry import is_leaf, registered_kinds
from keras_acts.export.trace import model_signature, trace
from keras_acts.export.trace.handlers.control_flow import CALLS
from keras_acts.export.trace.keras_patches import patches, private, wrappers
from support.export_check import check_model

# What each hooked function takes, besides itself or a class's `self`.
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
    "transform_images": ["images", "transformation", "training"],
    "get_random_transformation": ["data", "training", "seed"],
    "RandomGrayscale.get_random_transformation": ["images", "training", "seed"],
    "shape": ["x"],
    "ndim": ["x"],
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
    **{name: ["other"] for name in wrappers.REFLECTED},
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
    "custom_gradient": ["f"],
    "unpack_int4": ["packed", "orig_len", "axis", "dtype"],
    "get_dropout_mask": ["step_input"],
    "get_recurrent_dropout_mask": ["step_input"],
}
# The backend's functions take what those of `keras.ops` do.
PARAMETERS |= {
    name: list(inspect.signature(getattr(ops, name)).parameters) for name in CALLS
}
# Whose arguments tracing does not read.
STEP_ASIDE = patches._FUSED_RNNS


def hook_id(hook: Any) -> str:
    return f"{hook[0].__name__}.{hook[1]}"


def functions() -> list[Any]:
    """The functions that stand at present where tracing puts its own."""
    return [vars(owner)[name] for owner, name, _ in patches._HOOKS]


@pytest.mark.parametrize("hook", patches._HOOKS, ids=hook_id)
def test_a_hooked_function_is_there(hook: Any) -> None:
    owner, name, _ = hook
    assert name in vars(owner), f"{hook_id(hook)} is gone"
    parameters = list(inspect.signature(getattr(owner, name)).parameters)
    if name in STEP_ASIDE:
        return
    taken = [p for p in parameters if p != "self"]
    expected = PARAMETERS.get(hook_id(hook)) or PARAMETERS[name]
    assert taken == expected, f"{hook_id(hook)} takes {parameters}"


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
    assert private.recorded_shapes(model) == ((4, 3),)


@pytest.mark.parametrize("kind", registered_kinds())
def test_a_converted_operation_is_there(kind: str) -> None:
    module, name = kind.rsplit(".", 1)
    if module in ("keras_acts", "trace", "trace.creation"):
        return
    found = importlib.import_module(
        "keras.src.activations.activations"
        if module == "activations"
        else f"keras.src.ops.{module}"
    )
    cls = getattr(found, name)
    assert issubclass(cls, keras.Operation)
    assert cls.__module__ == found.__name__


def dense_model() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, layers.Dense(2, activation="mish")(x))


def test_hooks_are_gone_after_a_trace() -> None:
    before = functions()
    to_onnx(dense_model())
    assert functions() == before


def test_hooks_are_gone_after_a_failure() -> None:
    class Broken(layers.Layer):
        def call(self, x: Any) -> Any:
            raise ArithmeticError("in the call")

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    before = functions()
    x = keras.Input((3,))
    with pytest.raises(UnsupportedOperationError, match="ArithmeticError: in the call"):
        to_onnx(keras.Model(x, Broken()(x)))
    assert functions() == before


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
    graph = trace(model, model_signature(model), is_leaf=is_leaf)
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
