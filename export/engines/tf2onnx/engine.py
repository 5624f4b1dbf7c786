"""The engine tf2onnx: converts TensorFlow's graph of a model.

It supports SavedModels, and Keras models whose layers call TensorFlow directly. Its
Python entry points only log operations that they can't convert, so its result is
checked here, and by onnxruntime if that is installed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import onnx
import onnx_ir as ir

from keras_acts.export.engines.request import Request
from keras_acts.export.engines.tf2onnx import forms
from keras_acts.export.engines.tf2onnx.frozen_graph import (
    Call,
    FrozenGraph,
    frozen_graph,
)
from keras_acts.export.engines.tf2onnx.result import (
    check_operators,
    finish,
    rebuilt,
    tidy,
)
from keras_acts.export.errors import (
    EngineError,
    ExportError,
    SignatureError,
    UnsupportedOperationError,
    brief,
)
from keras_acts.export.metadata import Metadata
from keras_acts.export.saved_model import SavedModel
from keras_acts.export.silence import silenced
from keras_acts.export.trace import TracedInput, model_signature, public_names

NAME = "tf2onnx"

HIGHEST_OPSET = 18
"""The newest opset that tf2onnx 1.17 writes, and this engine's default."""

_NEEDED = ("tensorflow", "tf2onnx")
_IMAGE_RANK = 4  # the only rank of tf2onnx's channels-first inputs

# Optimizers that we replace: which of two equal nodes this one keeps varies by process.
_OURS = {"merge_duplication"}

# tf2onnx keeps the functions of the graph under conversion in a global table.
_lock = threading.Lock()


def convert(request: Request) -> ir.Model:
    """Convert a Keras model of the TensorFlow backend, or a SavedModel.

    Raises:
        EngineError: tf2onnx is not installed, or doesn't support an option.
        UnsupportedOperationError: It can't convert an operation of the model.
        SignatureError: The model's inputs are unknown, or names don't fit.
        NameClashError: Two inputs or outputs share a name.
    """
    _check(request)
    opset = request.opset or HIGHEST_OPSET
    call, specs = _call_and_inputs(request)
    owner, name = _owner(request.model), request.model.name
    with _lock, _quiet() as problems:
        frozen = frozen_graph(name, call, specs, owner)
        proto = _converted(frozen, opset, request.inputs_as_nchw)
    with _blamed(problems):
        model = rebuilt(proto, frozen, request.inputs_as_nchw)
        forms.write_forms(model, opset, request.target)
        check_operators(model, problems)
        finish(model, frozen)
    _validate(model, problems)
    versions = {
        f"{package}_version": importlib.import_module(package).__version__
        for package in _NEEDED
    }
    Metadata(**versions).add_to(model)
    return model


def converted_call(
    call: Call, specs: Sequence[TracedInput], owner: Any, opset: int, target: str
) -> ir.Model:
    """Convert a function of named tensors, to be a part of another model.

    Args:
        call: The function.
        specs: What it takes.
        owner: The layer that holds its variables and tables.
        opset: The opset to write.
        target: What the forms of operations that tf2onnx lacks run fast on.

    Raises:
        UnsupportedOperationError: tf2onnx can't convert an operation.
    """
    with _lock, _quiet() as problems:
        frozen = frozen_graph(owner.name, call, specs, owner)
        proto = _converted(frozen, opset, ())
    with _blamed(problems):
        model = rebuilt(proto, frozen, ())
        forms.write_forms(model, opset, target)
        check_operators(model, problems)
        tidy(model)
    return model


@contextlib.contextmanager
def _blamed(problems: Sequence[str]) -> Iterator[None]:
    """Blame tf2onnx for what fails on the model that it wrote."""
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        raise UnsupportedOperationError(_invalid(problems, error)) from error


def _check(request: Request) -> None:
    """Raise `EngineError` for options that the engine lacks, before loading it."""
    for package in _NEEDED:
        if importlib.util.find_spec(package) is None:
            raise EngineError(
                f"The engine {NAME!r} needs {package}, which is not installed. Install "
                'it with `pip install "keras-acts[tensorflow]"`. '
                f"Received: engine={NAME!r}, and no module {package!r}"
            )
    backend = keras.backend.backend()
    if not isinstance(request.model, SavedModel) and backend != "tensorflow":
        raise EngineError(
            f"The engine {NAME!r} only takes SavedModels, and Keras models of the "
            f"TensorFlow backend. Received: a model of the backend {backend!r}"
        )
    if request.opset is not None and request.opset > HIGHEST_OPSET:
        raise EngineError(
            f"The engine {NAME!r} writes opsets up to {HIGHEST_OPSET}. "
            f"Received: opset={request.opset!r}"
        )
    if request.dtype is not None:
        raise EngineError(
            f"The engine {NAME!r} keeps the model's dtypes: `dtype` is for the native "
            f"engine. Received: dtype={request.dtype!r}"
        )


def _call_and_inputs(request: Request) -> tuple[Call, list[TracedInput]]:
    """Return the model as a function of named tensors, and the inputs."""
    model = request.model
    if isinstance(model, SavedModel):
        if request.input_signature is not None:
            raise SignatureError(
                "A SavedModel has a signature of its own: leave `input_signature` out. "
                f"Received: input_signature={request.input_signature!r}"
            )
        given = model.signature
    else:
        given = model_signature(model, request.input_signature)
    own = [spec.name for spec in given.inputs]
    signature = given.renamed(request.input_names)
    specs = signature.inputs
    _check_channels_first(request.inputs_as_nchw, specs)
    old = dict(zip([spec.name for spec in specs], own, strict=True))

    def call(tensors: dict[str, Any]) -> dict[str, Any]:
        if isinstance(model, SavedModel):
            outputs = model({old[name]: x for name, x in tensors.items()})
        else:
            outputs = signature.call(model, lambda spec: tensors[spec.name])
        return public_names(model, outputs, list(tensors), request.output_names)

    return call, specs


def _check_channels_first(names: Sequence[str], specs: Sequence[TracedInput]) -> None:
    """Raise `SignatureError` unless all names are those of images."""
    images = [spec.name for spec in specs if len(spec.shape) == _IMAGE_RANK]
    for name in names:
        if name not in images:
            raise SignatureError(
                f"`inputs_as_nchw` must name inputs of rank {_IMAGE_RANK} for the "
                f"engine {NAME!r}: some of {images}. Received: {name!r}"
            )


def _owner(model: Any) -> Any:
    return model.owner if isinstance(model, SavedModel) else model


def _converted(
    frozen: FrozenGraph, opset: int, channels_first: Sequence[str]
) -> onnx.ModelProto:
    """Convert a frozen graph with tf2onnx.

    Raises:
        UnsupportedOperationError: tf2onnx raised an error.
    """
    import tensorflow as tf
    from tf2onnx import optimizer, tfonnx, utils

    images = [k for k, spec in frozen.inputs.items() if spec.name in channels_first]
    try:
        with tf.device("/cpu:0"), tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen.graph, name="")
            converted = tfonnx.process_tf_graph(
                graph,
                continue_on_error=True,
                opset=opset,
                custom_op_handlers=forms.handlers(),
                extra_opset=[utils.make_opsetid(forms.DOMAIN, 1)],
                inputs_as_nchw=images,
                input_names=[*frozen.inputs, *frozen.weights],
                output_names=list(frozen.outputs),
                initialized_tables=frozen.tables,
            )
            optimized = optimizer.optimize_graph(
                converted, catch_errors=True, optimizers=_optimizers()
            )
            proto: onnx.ModelProto = optimized.make_model("model")
            return proto
    except Exception as error:
        raise UnsupportedOperationError(
            f"tf2onnx can't convert the model. Received: {brief(error)}"
        ) from error


def _optimizers() -> dict[str, Any]:
    """Return tf2onnx's optimizers, except those that we replace."""
    from tf2onnx.optimizer import _optimizers as known

    return {name: kind for name, kind in known.items() if name not in _OURS}


class _Problems(logging.Handler):
    """Collects the errors that tf2onnx logs for operations it can't convert."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not str(record.msg).startswith("Failed to convert node"):
            return
        error = record.exc_info[1] if record.exc_info else None
        node, *_ = record.args if isinstance(record.args, tuple) else ("",)
        self.found.append(f"{node}: {error}")


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Silence tf2onnx and TensorFlow in a `with` block; yield tf2onnx's errors."""
    logger, problems = logging.getLogger(NAME), _Problems()
    propagate = logger.propagate
    logger.addHandler(problems)
    logger.propagate = False
    try:
        with (
            silenced("tensorflow", level=logging.ERROR),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield problems.found
    finally:
        logger.removeHandler(problems)
        logger.propagate = propagate


def _validate(model: ir.Model, problems: Sequence[str]) -> None:
    """Check a model, and load it if onnxruntime is installed.

    Raises:
        UnsupportedOperationError: The model is invalid, or onnxruntime refuses it.
    """
    try:
        proto = ir.to_proto(model)
        onnx.checker.check_model(proto, full_check=True)
        if importlib.util.find_spec("onnxruntime") is not None:
            import onnxruntime

            settings = onnxruntime.SessionOptions()
            settings.log_severity_level = 4
            settings.intra_op_num_threads = 1
            onnxruntime.InferenceSession(
                proto.SerializeToString(), settings, providers=["CPUExecutionProvider"]
            )
    except Exception as error:  # onnxruntime's errors have no public base class
        raise UnsupportedOperationError(_invalid(problems, error)) from error


def _invalid(problems: Sequence[str], error: Exception) -> str:
    logged = "".join(f" {problem}" for problem in problems)
    return f"tf2onnx wrote an invalid model.{logged} Received: {brief(error)}"
