"""Which engine converts a model, and what the second one does with TensorFlow's."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers
from keras.src.backend.common import global_state

import keras_acts
from keras_acts.export import (
    EngineError,
    EngineWarning,
    NameClashError,
    SignatureError,
    UnsupportedOperationError,
    engines,
    export_model,
    to_onnx,
    verify,
)
from keras_acts.export.convert.registry import find_operation
from keras_acts.export.engines.tf2onnx import engine as tf2onnx
from keras_acts.export.engines.tf2onnx import forms
from support import raw_tensorflow, saved_models
from support.export_check import open_session, randomize
from support.process import python
from support.structures import names, sizes

BACKEND = keras.backend.backend()
needs_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="raw TensorFlow calls need Keras's backend to be it"
)
not_tensorflow = pytest.mark.skipif(
    BACKEND == "tensorflow", reason="shows what other backends than TensorFlow refuse"
)


def custom(call: Any, *shape: int | None) -> keras.Model:
    """Build a model of one layer between two others, which calls a function."""

    class Custom(layers.Layer):
        def call(self, x: Any) -> Any:
            return call(x)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input(shape or (4,), name="x")
    y = Custom(name="custom")(layers.Dense(4, name="first")(x))
    model = keras.Model(x, layers.Dense(3, name="answer")(y), name="model")
    randomize(model)
    return model


def called_by_nobody(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x
    raise TypeError("values only")


def raw(name: str) -> Any:
    """Return a function of TensorFlow, "math.erfc", as a user's layer would call it."""
    import tensorflow as tf

    function = tf
    for part in name.split("."):
        function = getattr(function, part)
    return function


def metadata(proto: onnx.ModelProto) -> dict[str, str]:
    return {one.key: one.value for one in proto.metadata_props}


# Which engine


@pytest.mark.parametrize("engine", ["auto", "native"])
def test_native_comes_first(engine: str) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2)(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        proto = to_onnx(model, engine=engine)
    assert metadata(proto)["keras_acts_engine"] == "native"
    assert verify(model, proto).engine == "native"


@needs_tensorflow
def test_raw_tensorflow_takes_the_second_engine_if_asked(tmp_path: Path) -> None:
    model, path = custom(raw("math.softsign")), tmp_path / "model.onnx"
    report = export_model(model, path, engine="tf2onnx")
    assert report.passed
    assert report.engine == report.to_dict()["engine"] == "tf2onnx"
    assert "engine tf2onnx" in str(report)
    assert verify(model, path).engine == "tf2onnx"
    with pytest.raises(UnsupportedOperationError, match="model/custom"):
        to_onnx(model, engine="native")


@needs_tensorflow
def test_the_warning_names_the_caller() -> None:
    with pytest.warns(EngineWarning) as caught:
        to_onnx(custom(raw("math.softsign")))
    assert {one.filename for one in caught} == {__file__}


@not_tensorflow
def test_the_second_engine_takes_tensorflow_models_alone() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2)(x))
    with pytest.raises(EngineError, match=rf"TensorFlow backend.*'{BACKEND}'"):
        to_onnx(model, engine="tf2onnx")


def test_the_native_error_stays_where_the_backend_fails_too() -> None:
    expected = r"model/custom.*Received: TypeError: values only"
    with pytest.raises(UnsupportedOperationError, match=expected):
        to_onnx(custom(called_by_nobody))


@needs_tensorflow
def test_both_engines_fail() -> None:
    expected = r"model/custom.*can't convert it either.*Lgamma \(in .*Lgamma\)"
    with pytest.raises(UnsupportedOperationError, match=expected):
        to_onnx(custom(raw("math.lgamma")))


@pytest.mark.parametrize("package", ["tf2onnx", "tensorflow"])
def test_a_package_that_is_not_installed(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = tf2onnx.importlib.util.find_spec
    monkeypatch.setattr(
        tf2onnx.importlib.util,
        "find_spec",
        lambda name: None if name == package else find(name),
    )
    with pytest.raises(EngineError, match=rf"needs {package}.*pip install"):
        to_onnx(custom(keras.ops.tanh), engine="tf2onnx")


@needs_tensorflow
@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ({"opset": 19}, EngineError, "opsets up to 18. Received: opset=19"),
        ({"dtype": "float16"}, EngineError, "`dtype` is for the native"),
        ({"inputs_as_nchw": ["x"]}, SignatureError, "inputs of rank 4"),
        ({"output_names": ["x"]}, NameClashError, "Received: 'x'"),
        ({"output_names": ["a", "b"]}, SignatureError, "`output_names`"),
        ({"input_names": ["a", "b"]}, SignatureError, "`input_names`"),
    ],
    ids=str,
)
def test_what_the_second_engine_refuses(
    option: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        to_onnx(custom(keras.ops.tanh), engine="tf2onnx", **option)


# What it writes


@needs_tensorflow
def test_names_sizes_and_metadata_are_those_of_the_native_engine() -> None:
    model = custom(raw("math.softsign"), None, 4)
    options = {"input_names": {"x": "given"}, "output_names": ["result"], "opset": 17}
    proto = to_onnx(model, engine="tf2onnx", **options)
    assert names(proto.graph.input) == ["given"]
    assert names(proto.graph.output) == ["result"]
    assert sizes(proto.graph.input[0]) == ["batch", "given_1", 4]
    assert sizes(proto.graph.output[0])[-1] == 3
    assert (proto.producer_name, proto.graph.name) == ("keras-acts", "model")
    assert [(one.domain, one.version) for one in proto.opset_import] == [("", 17)]
    assert proto.ir_version == 8
    assert set(metadata(proto)) == {
        "keras_acts_engine",
        "keras_acts_version",
        "keras_version",
        "tensorflow_version",
        "tf2onnx_version",
    }
    assert not proto.doc_string
    assert not proto.graph.doc_string
    assert str(Path.cwd()).encode() not in proto.SerializeToString()
    assert "__" not in "".join(names(proto.graph.node))  # tf2onnx's counters


@needs_tensorflow
def test_an_input_that_nothing_reads_and_an_output_that_is_an_input() -> None:
    x, unread = keras.Input((3,), name="x"), keras.Input((2,), name="unread")
    model = keras.Model([x, unread], [layers.Identity(name="same")(x), x])
    proto = to_onnx(model, engine="tf2onnx", output_names=["a", "b"])
    assert names(proto.graph.input) == ["x", "unread"]
    assert names(proto.graph.output) == ["a", "b"]
    array = np.ones((2, 3), "f")
    got = open_session(proto).run(None, {"x": array, "unread": np.ones((2, 2), "f")})
    np.testing.assert_array_equal(got, [array, array])


@needs_tensorflow
def test_an_image_that_is_taken_channels_first() -> None:
    x = keras.Input((6, 7, 3), name="image")
    model = keras.Model(x, layers.Conv2D(4, 3, activation="relu")(x))
    proto = to_onnx(model, engine="tf2onnx", inputs_as_nchw=["image"])
    assert sizes(proto.graph.input[0]) == ["batch", 3, 6, 7]
    assert verify(model, proto).passed


@needs_tensorflow
@pytest.mark.parametrize("name", forms.OPERATIONS)
def test_operations_that_tf2onnx_lacks(name: str) -> None:
    """Each from its kernel in TensorFlow, on numbers where it is defined."""
    import tensorflow as tf

    operation = getattr(tf.raw_ops, name)
    x = np.array([[0.0, 0.03, 0.4, 0.9], [1e-6, 0.11, 0.7, 0.999]], "float32")
    if name == "Erfinv":  # TensorFlow's own is off by 5 % near 0
        x = np.array([[0.0, 0.03, 0.4, 0.9], [0.2, 0.11, 0.7, 0.6]], "float32")
    y = np.array([[0.0, 2.0, 0.5, 3.0], [4.0, 1.5, 0.2, 7.0]], "float32")
    calls = {
        "L2Loss": lambda a, _b: operation(t=a),
        "Rank": lambda a, _b: operation(input=tf.where(a > 0.5)),
        **dict.fromkeys(
            ("Mod", "MulNoNan", "TruncateMod", "Xdivy", "Xlog1py", "Xlogy"),
            lambda a, b: operation(x=a, y=b),
        ),
    }
    call = calls.get(name, lambda a, _b: operation(x=a))

    class Both(layers.Layer):
        def call(self, a: Any, b: Any) -> Any:
            return call(a, b)

        def compute_output_spec(self, a: Any, b: Any) -> Any:
            made = call(tf.zeros((2, 4)), tf.ones((2, 4)))
            return keras.KerasTensor(made.shape, made.dtype.name)

    a, b = (keras.Input(batch_shape=(2, 4), name=one) for one in "ab")
    model = keras.Model([a, b], Both()(a, b))
    proto = to_onnx(model, engine="tf2onnx")
    if name != "Rank":
        assert name not in {node.op_type for node in proto.graph.node if node.domain}
    (got,) = open_session(proto).run(None, {"a": x, "b": y})
    want = call(tf.constant(x), tf.constant(y)).numpy()
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=0)
    assert got.dtype == want.dtype


def test_forms_by_converters_have_one() -> None:
    missing = [k for k in forms._KERAS.values() if find_operation(k) is None]
    assert not missing


@needs_tensorflow
def test_constants_of_a_layer_are_no_inputs() -> None:
    """EfficientNet's normalization holds tensors, which tf2onnx makes inputs of."""
    x = keras.Input((5, 5, 3), name="x")
    fixed = layers.Normalization(mean=np.arange(3.0), variance=np.ones(3) * 4)
    model = keras.Model(x, fixed(x))
    report = verify(model, to_onnx(model, engine="tf2onnx"))
    assert report.passed
    assert not report.problems


@needs_tensorflow
def test_functions_that_are_compiled_apart() -> None:
    """Keras compiles convolutions in groups, which TensorFlow does not inline."""
    x = keras.Input((6, 6, 8), name="x")
    model = keras.Model(x, layers.Conv2D(8, 3, groups=4, activation="gelu")(x))
    randomize(model)
    assert verify(model, to_onnx(model, engine="tf2onnx")).passed


@needs_tensorflow
def test_large_weights_are_kept_apart_and_once(tmp_path: Path) -> None:
    x = keras.Input((160,), name="x")
    y = layers.Dense(160, activation="celu", name="wide")(x)
    model = keras.Model(x, layers.Dense(3)(layers.Reshape((160, 1))(y)[:, ::-1, 0]))
    randomize(model)
    path = tmp_path / "model.onnx"
    assert export_model(model, path, engine="tf2onnx").passed
    large = [w for w in onnx.load(path).graph.initializer if np.prod(w.dims) > 10_000]
    assert len(large) == 1


@needs_tensorflow
def test_the_model_and_the_process_stay_as_they_were() -> None:
    import tensorflow as tf

    x = keras.Input((None, 4), name="x")
    y = layers.LSTM(3)(layers.Dropout(0.5)(x))
    model = keras.Model(x, layers.BatchNormalization()(y))

    def state() -> list[Any]:
        return [
            [np.array(v).tobytes() for v in model.variables],
            [(layer.trainable, len(layer._inbound_nodes)) for layer in model.layers],
            dict(global_state.get_global_attribute("object_name_uids")),
            tf.random.get_global_generator().state.numpy().tobytes(),
            [logging.getLogger(one).level for one in ("tf2onnx", "tensorflow")],
            logging.getLogger("tf2onnx").handlers,
        ]

    before = state()
    to_onnx(model, engine="tf2onnx")
    assert state() == before


@needs_tensorflow
def test_a_layer_that_calls_a_saved_model(tmp_path: Path) -> None:
    saved_models.write_all(tmp_path)
    layer = layers.TFSMLayer(tmp_path / "plain", call_endpoint="serving_default")
    x = keras.Input((3,), name="x")
    with pytest.warns(EngineWarning, match="TFSMLayer"):
        report = export_model(keras.Model(x, layer(x)), tmp_path / "model.onnx")
    assert report.passed
    assert {one.name for one in report.outputs} == {"alpha", "zeta"}


@needs_tensorflow
def test_a_lookup_of_texts(tmp_path: Path) -> None:
    x = keras.Input((2,), dtype="string", name="x")
    model = keras.Model(x, layers.StringLookup(vocabulary=["a", "b"])(x))
    own = np.array([["a", "z"], ["b", "a"]])
    report = export_model(model, tmp_path / "model.onnx", engine="tf2onnx", inputs=own)
    assert report.passed
    domains = {node.domain for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert domains <= {"", "ai.onnx.ml"}


@needs_tensorflow
def test_the_same_bytes_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    model = raw_tensorflow.model()
    first = raw_tensorflow.digest(model)
    assert raw_tensorflow.digest(model) == first
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    done = python("-m", "support.raw_tensorflow", backend="tensorflow")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == first


def test_the_engines_are_those_of_the_options() -> None:
    known = {"auto", *engines.choice._ENGINES}
    assert known == set(keras_acts.export.options.ENGINES)
