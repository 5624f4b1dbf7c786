"""Files that Keras 2 wrote answer under Keras 3 as they did there, and are exported."""

from __future__ import annotations

import json
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import ops, tree
from typer.testing import CliRunner

from keras_acts.cli.app import app
from keras_acts.export import (
    UnsupportedOperationError,
    export_model,
    load_keras2_model,
    load_saved_model,
)
from keras_acts.export.keras2 import calls, is_keras2_file
from support.keras2_models import ANSWERS, FOLDER, SLOTS

FILES = sorted(p.name for p in FOLDER.iterdir() if p.suffix in (".h5", ".keras"))
STORED = np.load(ANSWERS)


def stored(name: str, side: str) -> list[np.ndarray]:
    """Return the arrays of one model: `x` its inputs, `y` what it answered."""
    return [STORED[key] for key in STORED if key.startswith(f"{name}:{side}:")]


def taken(name: str, arrays: list[np.ndarray]) -> object:
    """Return arrays as the model takes them."""
    if name == "by_name":
        return dict(zip("ab", arrays, strict=True))
    return arrays if len(arrays) > 1 else arrays[0]


# JAX has no integers of 64 bits.
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning")
@pytest.mark.parametrize("file", FILES)
def test_a_file_answers_as_it_did(file):
    assert is_keras2_file(FOLDER / file)
    model = load_keras2_model(FOLDER / file)
    name = file.partition(".")[0]
    outputs = tree.flatten(model(taken(name, stored(name, "x")), training=False))
    for y, want in zip(outputs, stored(name, "y"), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(y), want, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("file", ["recurrent.h5", "nested.keras", "slices.keras"])
def test_a_file_is_exported(file, tmp_path):
    model = load_keras2_model(FOLDER / file)
    assert export_model(model, tmp_path / "model.onnx").passed


def test_files_of_keras_3_are_left_to_keras(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save(tmp_path / "new.keras")
    (tmp_path / "none.keras").write_text("no archive")
    assert not is_keras2_file(tmp_path / "new.keras")
    assert not is_keras2_file(tmp_path / "none.keras")


@pytest.mark.slow
@pytest.mark.parametrize("file", ["hard_sigmoid.h5", "calls.keras"])
def test_the_command_line_reads_them_without_asking(file, tmp_path):
    out = tmp_path / "model.onnx"
    result = CliRunner().invoke(app, ["export", str(FOLDER / file), str(out)])
    assert result.exit_code == 0, result.output
    assert out.exists()


# What has no counterpart is named, with the way that works.


def changed(source, target, change):
    """Copy a file with its configuration changed."""
    shutil.copy(source, target)
    if target.suffix == ".h5":
        with h5py.File(target, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            change(config["config"]["layers"])
            file.attrs["model_config"] = json.dumps(config)
        return target
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config["config"]["layers"])
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return target


def time_major(layers):
    next(layer for layer in layers if layer["class_name"] == "GRU")["config"][
        "time_major"
    ] = True


def local(layers):
    layers[1]["class_name"] = "LocallyConnected1D"


def code(layers):
    layers[1]["class_name"] = "Lambda"


def called(layers):
    call = next(layer for layer in layers if layer["class_name"] == "TFOpLambda")
    call["config"]["function"] = "nn.fractional_max_pool"


REFUSED = {
    "time_major": ("recurrent", time_major, "Received: GRU(time_major=True)"),
    "a layer": ("dense", local, "Received: LocallyConnected1D"),
    "a function": ("calls", called, "Received: tf.nn.fractional_max_pool"),
}


@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_keras_3_lacks_is_named(kind, suffix, tmp_path):
    name, change, message = REFUSED[kind]
    file = f"{name}.{suffix}"
    path = changed(FOLDER / file, tmp_path / file, change)
    with pytest.raises(UnsupportedOperationError) as raised:
        load_keras2_model(path)
    assert message in str(raised.value)
    assert "tf_keras" in str(raised.value)


def test_code_is_not_loaded_unasked(tmp_path):
    path = changed(FOLDER / "dense.keras", tmp_path / "dense.keras", code)
    with pytest.raises(ValueError, match="unsafe to load"):
        load_keras2_model(path)


def test_weights_that_do_not_fit_are_told(tmp_path):
    def wider(layers):
        layers[1]["config"]["units"] = 5

    path = changed(FOLDER / "dense.h5", tmp_path / "dense.h5", wider)
    with pytest.raises(ValueError, match=r"expected .*\(4, 5\)"):
        load_keras2_model(path)


def test_weights_alone_are_no_model(tmp_path):
    model = load_keras2_model(FOLDER / "dense.h5")
    path = tmp_path / "weights.h5"
    shutil.copy(FOLDER / "dense.h5", path)
    with h5py.File(path, "r+") as file:
        del file.attrs["model_config"]
    assert model.count_params()
    with pytest.raises(ValueError, match="whole model"):
        load_keras2_model(path)


# Each function of TensorFlow, against TensorFlow

X = np.random.default_rng(1).uniform(0.1, 0.9, (2, 3)).astype("float32")
Y = np.random.default_rng(2).uniform(0.1, 0.9, (2, 3)).astype("float32")
B = X > 0.5

SECOND = {"start": 1, "stop": 2, "step": None}

ARGUMENTS = {
    "__operators__.getitem": ([X], {"slice_spec": [SECOND]}),
    "cast": ([X], {"dtype": "int32"}),
    "clip_by_value": ([X], {"clip_value_min": 0.3, "clip_value_max": 0.5}),
    "compat.v1.gather": ([X], {"indices": np.array([1, 0]), "axis": 1}),
    "compat.v1.pad": ([X], {"paddings": [[0, 1], [1, 0]]}),
    "compat.v1.squeeze": ([X[:, :1]], {"axis": 1}),
    "compat.v1.transpose": ([X], {"perm": [1, 0]}),
    "concat": ([[X, Y]], {"axis": 1}),
    "expand_dims": ([X], {"axis": 1}),
    "gather": ([X], {"indices": np.array([1, 0]), "axis": 1}),
    "image.resize": ([X[None, ..., None]], {"size": [4, 6]}),
    "linalg.matmul": ([X], {"b": Y, "transpose_b": True}),
    "math.argmax": ([X], {"axis": 1}),
    "math.atan2": ([X], {"x": Y}),
    "math.argmin": ([X], {"axis": 1}),
    "math.l2_normalize": ([X], {"axis": 1}),
    "nn.leaky_relu": ([X - 0.5], {"alpha": 0.1}),
    "pad": ([X], {"paddings": [[0, 1], [1, 0]], "mode": "REFLECT"}),
    "repeat": ([X], {"repeats": 2, "axis": 1}),
    "reshape": ([X], {"shape": [3, 2]}),
    "reverse": ([X], {"axis": [1]}),
    "split": ([X], {"num_or_size_splits": [1, 2], "axis": 1}),
    "squeeze": ([X[:, :1]], {"axis": 1}),
    "stack": ([[X, Y]], {"axis": 1}),
    "tile": ([X], {"multiples": [1, 2]}),
    "transpose": ([X], {"perm": [1, 0]}),
    "unstack": ([X], {"axis": 1}),
    "where": ([B], {"x": X, "y": Y}),
}
"""What some functions are called with; the others take one tensor, or two."""

LOGICAL = {f"logical_{name}" for name in ("and", "or", "xor", "not")}
LOGICAL |= {"reduce_any", "reduce_all"}


def arguments(function):
    if function in ARGUMENTS:
        return ARGUMENTS[function]
    name = function.rpartition(".")[2]
    first, second = (B, ~B) if name in LOGICAL else (X, Y)
    if name.startswith("reduce_"):
        return [first], {"axis": 1, "keepdims": True}
    return [first], {"y": second} if name in calls.BINARY else {}


def test_sizes_are_taken_apart_and_used():
    x = keras.Input((4,))
    sizes = calls.call("shape", [x], {})
    assert sizes == (None, 4)
    batch = calls.call("__operators__.getitem", [sizes], {"slice_spec": [0]})
    assert calls.call("reshape", [x], {"shape": [batch, 2, 2]}).shape == (None, 2, 2)


@pytest.mark.in_turn("the answers of `keras.ops` are alike")
@pytest.mark.parametrize("function", [f for f in calls.FUNCTIONS if f != "shape"])
def test_a_function_gives_what_tensorflow_gives(function):
    import tensorflow as tf

    args, kwargs = arguments(function)
    tensors = tree.map_structure(ops.convert_to_tensor, args)
    got = _list(calls.call(function, tensors, {**kwargs, "name": None}))
    want = _list(_in_tensorflow(tf, function)(*args, **kwargs))
    for ours, theirs in zip(got, want, strict=True):
        y = ops.convert_to_numpy(ours)
        assert np.shape(y) == np.shape(theirs)
        np.testing.assert_allclose(y, np.asarray(theirs), rtol=1e-5, atol=1e-6)


def _list(result):
    return list(result) if isinstance(result, list | tuple) else [result]


def _in_tensorflow(tf, function):
    """Return the function of TensorFlow; Python's operators stand under `tf.math`."""
    if function == "__operators__.getitem":
        return lambda x, slice_spec: x[1:2]
    function = function.replace("__operators__.neg", "math.negative")
    owner = tf
    for part in function.replace("__operators__", "math").split("."):
        owner = getattr(owner, part)
    return owner


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's format"
)
def test_a_saved_model_with_slots_of_an_optimizer(tmp_path):
    model = load_saved_model(SLOTS)
    (x,), (want,) = stored("slots", "x"), stored("slots", "y")
    np.testing.assert_allclose(model({"x": x})["y"], want, rtol=1e-5, atol=1e-6)
    assert export_model(model, tmp_path / "model.onnx").passed
