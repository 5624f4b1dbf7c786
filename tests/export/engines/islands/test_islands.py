"""Where islands are: their names, weights, sizes, masks and dtypes; what is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import (
    EngineError,
    EngineWarning,
    UnsupportedOperationError,
    export_model,
    to_onnx,
)
from support.export_check import randomize
from support.islands import BACKEND, MARKS, Raw, check, export, model_of, raw_relu, run
from support.process import python
from support.structures import names, sizes

pytestmark = MARKS


class Outer(layers.Layer):
    """Calls layers of Keras, and the backend between them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Dense(4, name="first")
        self.rows = layers.Dense(3, name="rows")

    def build(self, shape: Any) -> None:
        self.first.build(shape)
        self.rows.build(shape)

    def call(self, x: Any) -> Any:
        return self.rows(raw_relu(self.first(x)))


class Two(layers.Layer):
    """Takes two tensors and a mask, and returns a dictionary."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x: Any, y: Any, x_mask: Any = None) -> Any:
        scaled = x if x_mask is None else x * ops.cast(x_mask[..., None], x.dtype)
        return {"sum": raw_relu(scaled) + y, "positive": raw_relu(x) > 0, "same": y}


class Kept(Raw):
    """A layer that says that it keeps the shape, as `TimeDistributed` wants to know."""

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class OnSize(layers.Layer):
    """Does one thing or another depending on a size."""

    def call(self, x: Any) -> Any:
        return raw_relu(x) if x.shape[1] % 4 == 0 else -raw_relu(x)


class Draws(layers.Layer):
    """Draws random numbers in inference too."""

    def __init__(self) -> None:
        super().__init__(name="draws")
        self.generator = keras.random.SeedGenerator(1)

    def call(self, x: Any) -> Any:
        return raw_relu(x) + keras.random.normal((4,), seed=self.generator)


class Counts(layers.Layer):
    """Counts its calls in a variable."""

    def __init__(self) -> None:
        super().__init__(name="counts")
        self.calls = self.add_weight(name="calls", initializer="zeros")

    def call(self, x: Any) -> Any:
        self.calls.assign_add(1.0)
        return raw_relu(x) * self.calls


def metadata(proto: onnx.ModelProto) -> dict[str, str]:
    return {one.key: one.value for one in proto.metadata_props}


def weight_names(proto: onnx.ModelProto) -> set[str]:
    found = {one.name for one in proto.graph.initializer}
    return {name for name in found if "constant" not in name}


@pytest.mark.slow
def test_names_weights_and_sizes(tmp_path: Path) -> None:
    """One layer, called twice and in a nested model, is an island of one weight."""
    x = keras.Input((None, 4), name="x")
    raw = Raw(raw_relu, name="raw")
    nested = keras.Sequential([keras.Input((None, 4)), raw], name="nested")
    y = layers.Dense(3, name="last")(nested(layers.Dense(4, name="d")(raw(x))))
    model = keras.Model(x, y, name="model")
    randomize(model)
    path = tmp_path / "model.onnx"
    with pytest.warns(EngineWarning, match=r"own exporter: model/raw \(") as seen:
        report = export_model(model, path)
    assert report.passed
    assert report.engine == "native"
    assert "islands" in str(report)
    islands = [one for one in seen if one.category is EngineWarning]
    assert {one.filename for one in islands} == {__file__}
    proto = onnx.load(path)
    assert metadata(proto)["keras_acts_islands"].startswith("model/raw (")
    assert sizes(proto.graph.output[0]) == ["batch", "x_1", 3]
    assert weight_names(proto) == {"raw/scale", "d/kernel", "d/bias", *LAST}
    assert "model/raw/Relu" in names(proto.graph.node)
    with pytest.raises(UnsupportedOperationError, match=r"raw.*can't be traced"):
        to_onnx(model, engine="native")


LAST = {"last/kernel", "last/bias"}


@pytest.mark.slow
def test_the_smallest_layer_with_the_layers_inside_it() -> None:
    model = model_of(Outer(name="outer"), None, 4)
    proto = export(model)
    check(model, proto)
    assert metadata(proto)["keras_acts_islands"].startswith("model/outer (")
    assert "outer/first/kernel" in weight_names(proto)


@pytest.mark.slow
def test_several_tensors_masks_and_dtypes() -> None:
    x = keras.Input((None,), dtype="int32", name="x")
    masked = layers.Embedding(5, 4, mask_zero=True, name="embedding")(x)
    y = keras.Input((None, 4), name="y")
    model = keras.Model([x, y], Two(name="two")(masked, y))
    randomize(model)
    proto = export(model)
    tokens = np.array([[1, 0, 4], [0, 2, 3]], "int32")
    other = np.random.default_rng(2).standard_normal((2, 3, 4)).astype("f")
    want = model([tokens, other], training=False)
    outputs = dict(
        zip(names(proto.graph.output), run(proto, tokens, other), strict=True)
    )
    for key, tensor in want.items():
        expected = np.asarray(ops.convert_to_numpy(tensor))
        assert outputs[key].dtype == expected.dtype
        np.testing.assert_allclose(outputs[key], expected, atol=1e-6)
    assert sizes(proto.graph.output[0])[0] == "batch"


@pytest.mark.slow
def test_time_distributed_images_of_unknown_sizes() -> None:
    raw = Kept(raw_relu, name="raw")
    model = model_of(layers.TimeDistributed(raw, name="steps"), None, None, None, 3)
    proto = export(model)
    check(model, proto)


OPSETS = [17, 26, *(pytest.param(n, marks=pytest.mark.sweep) for n in (18, 23))]


@pytest.mark.parametrize("opset", OPSETS)
def test_opsets(opset: int) -> None:
    model = model_of(Raw(raw_relu, name="raw"), None, 4)
    proto = export(model, opset=opset, target="portable")
    assert [one.version for one in proto.opset_import] == [opset]
    check(model, proto)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_files_of_another_dtype(dtype: str) -> None:
    model = model_of(Raw(raw_relu, name="raw"), None, 4)
    proto = export(model, dtype=dtype)
    x = np.random.default_rng(1).standard_normal((2, 5, 4)).astype("f")
    (got,) = run(proto, x.astype(dtype))
    assert got.dtype == dtype
    want = ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(got, want, atol=3e-3, rtol=3e-3)


def test_half_precision() -> None:
    model = model_of(Raw(raw_relu, name="raw", dtype="mixed_float16"), None, 4)
    check(model, export(model), tolerance=3e-3)


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow refuses such code")
def test_code_that_depends_on_a_size_is_refused() -> None:
    with pytest.raises(
        UnsupportedOperationError, match=r"on_size.*depending on a size"
    ):
        to_onnx(model_of(OnSize(name="on_size"), None, 4))
    model = model_of(OnSize(name="on_size"), 8, 4)
    check(model, export(model))


def test_random_draws_are_refused() -> None:
    with pytest.raises(UnsupportedOperationError, match=r"draws .*can't convert it"):
        to_onnx(model_of(Draws(), None, 4))


def test_changes_of_variables_are_refused() -> None:
    with pytest.raises(
        UnsupportedOperationError, match=r"counts .*assigns variables.* Received: calls"
    ):
        to_onnx(model_of(Counts(), None, 4))


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX switches 64 bits on and off")
@pytest.mark.usefixtures("x64")
def test_a_scope_of_64_bits_ends() -> None:
    """jax2onnx sets what it found for the whole process: here, what a scope said."""
    import threading

    import jax

    found = []
    export(model_of(Raw(raw_relu, name="raw"), None, 4))
    thread = threading.Thread(target=lambda: found.append(jax.config.jax_enable_x64))
    thread.start()
    thread.join()
    assert found == [False]


def test_a_missing_exporter_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    needed = {"torch": "onnxscript", "jax": "jax2onnx", "tensorflow": "tf2onnx"}
    gone = needed[BACKEND]
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == gone else find(name)
    )
    with pytest.raises(EngineError, match=rf'{gone}.*pip install "keras-acts\['):
        to_onnx(model_of(Raw(raw_relu, name="raw"), None, 4))


def test_lambda() -> None:
    model = model_of(layers.Lambda(raw_relu, name="function"), None, 4)
    check(model, export(model))


@pytest.mark.skipif(BACKEND != "torch", reason="it wraps a module of torch")
def test_a_module_of_torch() -> None:
    import torch

    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Dropout(0.5))
    layer = layers.TorchModuleWrapper(
        module, name="wrapped", output_shape=(None, None, 3)
    )
    model = model_of(layer, None, 4)
    flags = [one.training for one in module.modules()]
    proto = export(model)
    assert [one.training for one in module.modules()] == flags
    check(model, proto)
    assert any(name.startswith("wrapped/") for name in weight_names(proto))


@pytest.mark.skipif(BACKEND != "jax", reason="it wraps a function of JAX")
def test_a_function_of_jax() -> None:
    import jax
    from jax import numpy as jnp

    def init(rng: Any, inputs: Any) -> Any:
        return {"w": jax.random.normal(rng, (inputs.shape[-1], 3))}

    def call(params: Any, inputs: Any) -> Any:
        return jnp.tanh(inputs @ params["w"])

    model = model_of(layers.JaxLayer(call, init, name="wrapped"), 6, 4)
    check(model, export(model))


@pytest.mark.sweep  # two more processes, which load the backend and its exporter
def test_the_same_bytes_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for seed in "12":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        done = python("-m", "support.island_bytes", backend=BACKEND)
        assert done.returncode == 0, done.stderr
        assert not done.stderr.strip(), done.stderr
        digests.append(done.stdout.split()[-1])
    assert digests[0] == digests[1]
