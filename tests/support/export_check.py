"""The one checker of exported models: built, randomized, converted, run, compared.

`check_layer(case)` builds a model of one layer with an unknown batch, gives all weights
and statistics random values, exports it, and runs it in onnxruntime for several batch
sizes, and with each another size wherever the case's shape has None.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from keras_acts.export import to_onnx
from keras_acts.export.parity.session import Session
from keras_acts.export.passes.shapes.empty import SIZES
from support import tolerances
from support.compilation import compiled
from support.differences import here, on
from support.empty import answers_of, empty_inputs, keras_answers
from support.precision import FLOAT64, float64_enabled
from support.runs.evidence import compares_answers

Array = np.ndarray
Draw = Callable[[np.random.Generator, Sequence[int], str], Array]

RUNS = ((1, 9), (3, 12))
"""Batch sizes, and with each a value for sizes that are None: odd and even, so that
strides meet both."""

LAYOUT = {"Cast", "Identity", "Reshape", "Shape", "Squeeze", "Transpose", "Unsqueeze"}
"""Operators that compute nothing; the cases' `operators` leave them out."""

# Statistics that are variances or counts must be positive.
_POSITIVE = ("moving_variance", "variance")


@dataclass(frozen=True)
class LayerCase:
    """One exported layer.

    Attributes:
        layer: The class of the layer, or what makes one of `kwargs`.
        kwargs: Its arguments; an initializer "ones" spares JAX to compile one of random
            numbers, which all weights get afterwards.
        shape: The input's shape without the batch, None where unknown; or a list of
            shapes for a layer that takes a list.
        operators: The kinds of ONNX operators that compute the result.
        dtype: Dtype of the input.
        draw: Makes the input; normal numbers by default, small integers for integers.
        opset: Version of the operators; the exporter's default for None.
        options: Further arguments of `check_model`.
    """

    layer: Callable[..., Any]
    kwargs: Mapping[str, Any]
    shape: Any
    operators: Collection[str]
    dtype: str = "float32"
    draw: Draw | None = None
    opset: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        arguments = "-".join(
            f"{k}={getattr(v, '__name__', v)}"
            for k, v in self.kwargs.items()
            if not k.endswith("_initializer")
        )
        name = getattr(self.layer, "__name__", "layer")
        opset = "" if self.opset is None else f"-opset{self.opset}"
        return f"{name}-{arguments}-{self.shape}{opset}".replace(" ", "")

    def model(self) -> keras.Model:
        """Return the model of this one layer, with random weights."""
        several = isinstance(self.shape, list)
        shapes = self.shape if several else [self.shape]
        tensors = [keras.Input(shape, dtype=self.dtype) for shape in shapes]
        inputs = tensors if several else tensors[0]
        model = keras.Model(inputs, self.layer(**self.kwargs)(inputs))
        randomize(model)
        return model


def each(*cases: Any) -> pytest.MarkDecorator:
    """Run a test for each case, as its argument `case`."""
    return pytest.mark.parametrize("case", [*map(_marked, cases)])


def _marked(case: Any) -> Any:
    """Return the case with its name, and the mark `files_differ` if it says so."""
    reason = getattr(case, "files_differ", "")
    marks = [pytest.mark.files_differ(reason)] if reason else []
    return pytest.param(case, id=str(case), marks=marks)


def check_layer(
    case: LayerCase, reference: Callable[[keras.Model], Any] | None = None
) -> onnx.ModelProto:
    """Check one layer as `check_model` does, and which operators it becomes.

    Args:
        case: The layer.
        reference: Makes of the model what computes the expected outputs in its place.
    """
    dtypes = {case.dtype, case.kwargs.get("dtype")}
    precision = FLOAT64 if "float64" in dtypes else None
    options = {**case.options, "opset": case.opset, "precision": precision}
    wide = {"float64", "int64"} & dtypes
    with float64_enabled() if wide else contextlib.nullcontext():
        model = case.model()
        expected = None if reference is None else reference(model)
        proto = check_model(model, expected, draw=case.draw, **options)
    found = operators(proto)
    assert found == set(case.operators), f"the operators are {sorted(found)}"
    return proto


def channels_last_twin(model: keras.Model) -> Any:
    """Return what computes a channels-first layer on TensorFlow.

    Its kernels for the CPU know channels last alone; the other backends run the layer
    itself.
    """

    def answer(x: Array) -> Any:
        layer = model.layers[-1]
        config = {**layer.get_config(), "data_format": "channels_last", "name": "twin"}
        twin = type(layer).from_config(config)
        batch, channels, *sizes = model.inputs[0].shape
        twin.build((batch, *sizes, channels))
        twin.set_weights(layer.get_weights())
        return keras.ops.moveaxis(twin(np.moveaxis(x, 1, -1)), -1, 1)

    return on("tensorflow", answer)


def check_model(
    model: keras.Model,
    reference: Any = None,
    *,
    draw: Draw | None = None,
    precision: str | None = None,
    batch_named: bool = True,
    empty: bool = True,
    **options: Any,
) -> onnx.ModelProto:
    """Export a model natively and compare it with Keras in onnxruntime.

    Checks values, dtypes, shapes, that the outputs vary over the inputs, that known
    sizes stay known and the batch stays symbolic. Answers that another backend compares
    (`support.runs.evidence`) are left out, unless there is a reference.

    Args:
        model: A Functional or Sequential model, weights as they shall be.
        reference: Computes the expected outputs in place of the model. With one,
            answers are compared on every backend.
        draw: Makes an input of a shape and dtype.
        precision: The dtype whose tolerance holds; the output's own for None.
        batch_named: The outputs' first size is `batch`. False where sizes are computed
            when the model runs, so that no rule can tell.
        empty: Whether inputs without elements are compared too. False, with a reason
            beside it, where onnxruntime refuses them.
        options: Further arguments of `check_model`.

    Returns:
        The exported model.
    """
    proto = to_onnx(model, engine="native", **options)
    assert_shapes_survive(proto, model, batch_named)
    if not compares_answers(always=reference is not None):
        return proto
    onnx.checker.check_model(proto, full_check=True)
    session = open_session(proto)
    rng = np.random.default_rng(7)
    for batch, size in RUNS:
        arrays = [
            (draw or draw_plain)(rng, [batch, *_filled(x.shape[1:], size)], x.dtype)
            for x in model.inputs
        ]
        want = outputs_of(here(reference) or model, arrays)
        got = run(session, arrays)
        for expected, actual in zip(want, got, strict=True):
            assert_alike(actual, expected, precision)
            assert batch == 1 or varies(expected), "the outputs do not vary"
    if reference is None and empty:
        check_empty(model, proto, session, precision)
    return proto


def check_empty(
    model: keras.Model,
    proto: onnx.ModelProto,
    session: onnxruntime.InferenceSession,
    precision: str | None = None,
) -> None:
    """Compare the answers on inputs without elements, as far as Keras answers."""
    for arrays in empty_inputs(model, proto):
        want = keras_answers(model, partial(outputs_of, model), arrays)
        got = None if want is None else answers_of(partial(run, session), arrays)
        if want is None or got is None:
            continue
        for expected, actual in zip(want, got, strict=True):
            assert_alike(actual, expected, precision)


def randomize(model: keras.Model, seed: int = 5) -> None:
    """Give each floating weight and statistic of a model random values."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        dtype = keras.backend.standardize_dtype(variable.dtype)
        if not keras.backend.is_float_dtype(dtype):
            continue
        if variable.name in _POSITIVE:
            values = rng.uniform(0.5, 2.0, variable.shape)
        else:
            values = rng.normal(0.0, 0.5, variable.shape)
        # JAX would compile the conversion to another dtype.
        variable.assign(values.astype("float32").astype(dtype))


def draw_plain(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> Array:
    """Draw normal numbers, integers from 0 to 3, or booleans."""
    if keras.backend.is_float_dtype(dtype):
        return rng.normal(size=shape).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 4, shape).astype(dtype)


def outputs_of(model: Any, arrays: Sequence[Array]) -> list[Array]:
    """Return a model's answers in inference, flat."""
    if isinstance(model, keras.Model):
        flat = isinstance(model, keras.Sequential)
        structure = model.inputs[0] if flat else model.input
        inputs = keras.tree.pack_sequence_as(structure, list(arrays))
        results = _runner(model)(inputs)
    else:
        results = model(*arrays)
    return [
        np.asarray(keras.ops.convert_to_numpy(x)) for x in keras.tree.flatten(results)
    ]


def _runner(model: keras.Model) -> Callable[[Any], Any]:
    """Return the model in inference; whole on JAX, which compiles operations anyway."""

    def answer(inputs: Any) -> Any:
        return model(inputs, training=False)

    return compiled(answer) if keras.backend.backend() == "jax" else answer


def open_session(
    proto: onnx.ModelProto, *, optimized: bool = True
) -> onnxruntime.InferenceSession:
    """Open a model in onnxruntime, on the CPU and one thread."""
    options = onnxruntime.SessionOptions()
    if not optimized:
        level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(
    session: onnxruntime.InferenceSession, arrays: Sequence[Array]
) -> list[np.ndarray]:
    """Run a session on arrays in the order of its inputs."""
    names = [x.name for x in session.get_inputs()]
    feeds = dict(zip(names, arrays, strict=True))
    values = Session("CPUExecutionProvider", session).run(feeds)
    types = {x.name: x.type for x in session.get_outputs()}
    # NumPy gets bfloat16 from onnxruntime as the float32 of the same value.
    return [
        x.astype("bfloat16") if types[name] == "tensor(bfloat16)" else x
        for name, x in values.items()
    ]


def operators(proto: onnx.ModelProto) -> set[str]:
    """Return the kinds of operators that compute something, but sizes of a Reshape."""
    computing = [n for n in proto.graph.node if f"/{SIZES}/" not in n.name]
    return {node.op_type for node in computing} - LAYOUT


def assert_alike(got: Array, want: Array, precision: str | None = None) -> None:
    """Check one output's dtype, shape and values, by the table of tolerances."""
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if not keras.backend.is_float_dtype(str(want.dtype)):
        np.testing.assert_array_equal(got, want)
        return
    bound = tolerances.EXPORTED[precision or str(want.dtype)]
    if want.dtype == "bfloat16":
        got, want = got.astype("float32"), want.astype("float32")
    magnitude = np.abs(want).max(initial=0.0, where=np.isfinite(want))
    np.testing.assert_allclose(got, want, rtol=bound, atol=bound * float(magnitude))


def varies(output: Array) -> bool:
    """Whether the samples of a batch differ by a visible part of their size."""
    if output.dtype == bool:
        return bool(np.ptp(output.astype(int), axis=0).any())
    spread = np.ptp(output.astype("float64"), axis=0).max(initial=0.0)
    return bool(spread > 1e-2 * np.abs(output).max())


def assert_shapes_survive(
    proto: onnx.ModelProto, model: keras.Model, batch_named: bool = True
) -> None:
    """Check that the file knows the sizes that Keras knows, and names all others."""
    assert_sizes_named(proto)
    for output, tensor in zip(proto.graph.output, model.outputs, strict=True):
        dims = output.type.tensor_type.shape.dim
        sizes = [d.dim_param or d.dim_value for d in dims]
        pairs = list(zip(sizes, tensor.shape, strict=True))
        assert all(ours == theirs for ours, theirs in pairs if theirs is not None), (
            pairs
        )
        assert not sizes or not batch_named or sizes[0] == "batch", sizes


def assert_sizes_named(proto: onnx.ModelProto) -> None:
    """Check that no output has a size without a name, or with one of ONNX's numbers."""
    for output in proto.graph.output:
        for size in output.type.tensor_type.shape.dim:
            named = size.dim_param and not size.dim_param.startswith("unk__")
            assert named or size.HasField("dim_value"), output


def _filled(shape: Sequence[int | None], size: int) -> list[int]:
    return [size if one is None else one for one in shape]
