"""`to_onnx` and `export_model`: the whole way, in the order of the stages."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import onnx

from keras_acts.export import engines
from keras_acts.export.contexts import check_context
from keras_acts.export.errors import (
    NotProvenWarning,
    OptionError,
    ParityError,
    SignatureError,
)
from keras_acts.export.options import (
    ExportOptions,
    Names,
    check_options,
    check_path,
)
from keras_acts.export.parity import ParityReport
from keras_acts.export.parity.checks import check_comparison
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.providers import known_providers
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.report.report import Status
from keras_acts.export.parity.verify import verify_reference
from keras_acts.export.quantization.api import quantize_as
from keras_acts.export.quantization.request import Request
from keras_acts.export.saved_model import SavedModel
from keras_acts.export.trace import model_of
from keras_acts.export.write import (
    fill,
    finished,
    needs_external_data,
    to_proto,
    write_model,
)


def to_onnx(
    model: keras.Layer | SavedModel | Callable[..., Any],
    path: str | os.PathLike[str] | None = None,
    *,
    input_signature: Any = None,
    opset: int | None = None,
    target: str = "cpu",
    engine: str = "auto",
    input_names: Names | None = None,
    output_names: Names | None = None,
    dtype: str | None = None,
    inputs_as_nchw: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """Convert a Keras model, a function of layers, or a SavedModel, to ONNX.

    The model is traced, not run: its weights, training flags, random state and the
    backend's configuration stay as they are.

    Args:
        model: A Functional or Sequential model, or a subclassed one or a layer that was
            called once or loaded, so that its weights exist; `input_signature` builds
            one that has none yet, as `model.build` would. Or a function written in
            `keras.ops` that calls layers it closes over, with an `input_signature`.
        path: Where to write the file as well, atomically. Weights above 2 GB go to
            `<name>.onnx.<digest>.data` beside it, and then a path is needed.
        input_signature: Shapes and dtypes in place of the model's own, as `export` of
            Keras takes it: a list with a structure for each positional argument, of
            `keras.InputSpec`, `KerasTensor`, arrays, or shapes, with None for unknown
            sizes. A single argument may stand by itself; a dictionary gives arguments
            by name, such as a mask, or `training` as True.
        opset: Version of the standard operators, 17 to 26; 21 by default.
        target: `"cpu"` writes each activation as onnxruntime's CPU kernels run it
            fastest, `"cuda"` in the fewest kernels there, `"portable"` as the plain
            standard operator.
        engine: `"native"` traces Keras models of every backend. `"tf2onnx"` converts
            TensorFlow's own graph, up to opset 18, its default; `target` and `dtype`
            are for the native one. `"auto"` takes native, tf2onnx for SavedModels. With
            an `EngineWarning` it leaves layers that call the backend to its exporter.
        input_names: New names for the inputs, in order or by the present ones.
        output_names: New names for the outputs, likewise.
        dtype: `"float16"`, `"float32"` or `"float64"`: weights and arithmetic in place
            of the model's own floating dtypes; the inputs and outputs have it too.
        inputs_as_nchw: Names of image inputs that the file takes channels first.
        metadata: Texts of your own by name, which the file has beside the versions.

    Returns:
        The model, checked by `onnx.checker`. Above 2 GB it refers to the weights' file.

    Raises:
        UnsupportedOperationError: Something in the model has no way into ONNX.
        SignatureError: The model's inputs are unknown, or names are given wrongly.
        OpsetError: The opset is not supported, or lacks an operator.
        EngineError: The engine is not installed, or does not take such a model.
        ContextError: The call is inside `tf.function`, `jax.jit` or autocast.
        WriteError: The file can't be written.
        OptionError: An option has a value that it can't have. `SignatureError` and
            `OpsetError` are kinds of it; it is a `ValueError` too.
        GraphError: The result is not valid: a defect, and of what.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), layers.Mish()])
        >>> [x.name for x in to_onnx(model, output_names=["y"]).graph.output]
        ['y']
    """
    if path is not None:
        check_path(path)
    finished_model = _converted(model_of(model), ExportOptions.among(locals())).model
    if path is not None:
        outline = write_model(finished_model, path)
        apart = needs_external_data(finished_model)
        return outline if apart else fill(outline, finished_model)
    if needs_external_data(finished_model):
        raise OptionError(
            "The weights are above 2 GB, which one file can't hold: give a `path`, "
            "and they go into a second file beside it. Received: path=None"
        )
    return to_proto(finished_model)


def export_model(
    model: keras.Layer | SavedModel | Callable[..., Any],
    path: str | os.PathLike[str],
    *,
    input_signature: Any = None,
    opset: int | None = None,
    target: str = "cpu",
    engine: str = "auto",
    input_names: Names | None = None,
    output_names: Names | None = None,
    dtype: str | None = None,
    inputs_as_nchw: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
    inputs: Any = None,
    providers: Sequence[str] = ("CPUExecutionProvider",),
    batch_sizes: Sequence[int] = (1, 3),
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    strict_edges: bool = False,
    quantize: str | Mapping[str, Any] | None = None,
) -> ParityReport:
    """Convert a model, verify the result, and write it only if it answers alike.

    The arguments are those of `to_onnx` and `verify`, and one more.

    Args:
        quantize: Write the file in lower precision, once it is verified: a mode of
            `keras_acts.export.quantize`, or a dictionary of its arguments, such as
            `{"mode": "int8", "calibration": x}`. The report's `quantization` has what
            it cost against the Keras model; where that is too much, the file is written
            as well, with a `QuantizationWarning`, and the report has not passed.

    Returns:
        The report of a comparison that passed; or of one that found no difference but
        proves nothing (`status` is `"not proven"`), with a `NotProvenWarning`.

    Raises:
        ParityError: The answers differ, or a provider asked for did not run; its
            `report` says where. An older file at `path` is as it was.
        ExportError: As `to_onnx` raises it.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), layers.Mish()])
        >>> export_model(model, "mish.onnx").status
        'passed'
    """
    check_path(path)
    options = ExportOptions.among(locals())
    check_comparison(
        batch_sizes=batch_sizes,
        rtol=rtol,
        atol=atol,
        seed=seed,
        strict_edges=strict_edges,
    )
    known_providers(providers)
    if quantize is not None:
        given = {k: v for k, v in locals().items() if k not in _NOT_OF_THE_FLOAT_FILE}
        return _quantized(path, quantize, given)
    model = model_of(model)
    converted = _converted(model, options)
    reports: list[ParityReport] = []

    def approve(candidate: str) -> str:
        report = verify_reference(
            reference_of(model, input_signature, converted.graph),
            candidate,
            inputs=inputs,
            providers=tuple(providers),
            batch_sizes=tuple(batch_sizes),
            rtol=rtol,
            atol=atol,
            seed=seed,
            strict_edges=strict_edges,
        )
        if report.status not in ("passed", "not proven"):
            raise ParityError(_refusal(report, path), report)
        reports.append(report)
        return report.status

    write_model(converted.model, path, approve=approve)
    if not reports[0].passed:
        warnings.warn(_unproven(reports[0], path), NotProvenWarning, stacklevel=2)
    return reports[0]


_NOT_OF_THE_FLOAT_FILE = {"path", "options", "quantize"}
_STATUS: Mapping[str, Status] = {"differs": "failed", "not proven": "not proven"}


def _quantized(
    path: str | os.PathLike[str], asked: Any, given: Mapping[str, Any]
) -> ParityReport:
    """Export a file in float elsewhere, and quantize it."""
    wanted = Request.of(asked, given["inputs"])
    model = model_of(given["model"])
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "model.onnx")
        report = export_model(path=source, **{**given, "model": model})
        found = quantize_as(
            reference_of(model, given["input_signature"]),
            OnnxModel.read(source),
            path,
            wanted.settings,
            wanted.calibration,
            wanted.inputs,
        )
    return replace(
        report,
        status=_STATUS.get(found.status, report.status),
        notes=(*report.notes, found.summary),
        quantization=found,
    )


def _unproven(report: ParityReport, path: str | os.PathLike[str]) -> str:
    reasons = [one for one in report.warnings if "not proven" in one]
    return (
        f"{os.fspath(path)} was written, but it is not proven that it answers like the "
        f"Keras model: {'; '.join(reasons)}. Compare on your own `inputs`."
    )


def _refusal(report: ParityReport, path: str | os.PathLike[str]) -> str:
    if report.status == "failed":
        problem = "The converted model does not answer like the Keras model"
    else:
        problem = "The converted model was not compared on every provider asked for"
    return f"{problem}; {os.fspath(path)} was not written.\n{report}"


def _converted(model: Any, options: ExportOptions) -> engines.Conversion:
    """Convert a model and finish the graph, without writing it."""
    if not isinstance(model, keras.layers.Layer | SavedModel):
        raise SignatureError(
            "`model` must be a Keras model, as `keras.models.load_model` returns it, "
            "a layer, a function written in `keras.ops`, or a SavedModel, as "
            "`keras_acts.export.load_saved_model` returns it. "
            f"Received: {model!r} (of type {type(model).__name__})"
        )
    check_context()
    check_options(options)
    request = engines.Request(model=model, **vars(options))
    converted = engines.convert(request)
    return replace(
        converted, model=finished(converted.model, options.dtype, options.metadata)
    )
