"""The errors and warnings of an export, with one base class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_acts.export.parity.report.report import ParityReport

_COLORS = re.compile(r"\x1b\[\d*m")
_NAMED = re.compile(r"\w+(Error|Exception): ")
_CALLING = "Exception encountered when calling"
_LONG = 300


class ExportError(Exception):
    """The base class of all errors that a conversion raises deliberately."""


class UnsupportedOperationError(ExportError):
    """The model contains an operation or layer that can't be converted to ONNX.

    Attributes:
        layer: The innermost layer around it, if it is one.
    """

    layer: Any = None


class UnsupportedKerasError(ExportError):
    """The installed Keras lacks a private part that tracing a model needs."""


class UnsupportedKerasWarning(UserWarning):
    """Tracing was not tried with the installed release of Keras."""


class StatefulLayerError(UnsupportedOperationError):
    """A layer keeps its state between calls, which no engine can export."""


class OptionError(ExportError, ValueError):
    """An option is invalid, or does not fit the model."""

    # TensorFlow keeps the type of an error from a traced function only if the type has
    # this `__init__`.
    __init__ = Exception.__init__


class SignatureError(OptionError):
    """The model's inputs or outputs are unknown, or their names are invalid."""


class OpsetError(OptionError):
    """The opset is not supported, or lacks an operator that the model needs."""


class NameClashError(OptionError):
    """Two inputs or outputs have the same name."""


class GraphError(ExportError):
    """A pass, ONNX's checker or shape inference rejects the converted graph.

    This is a defect of the exporter or of a registered converter, not of the model: the
    message names which.
    """


class WriteError(ExportError):
    """The file can't be written to its path."""


class ContextError(ExportError):
    """The call is inside a context that no export works in, such as `jax.jit`."""

    __init__ = Exception.__init__  # as that of `OptionError`


class EngineError(ExportError):
    """The requested engine is not installed, or does not take this kind of model."""


class EngineWarning(UserWarning):
    """The native engine can't convert a layer, and another exporter did."""


class NotProvenWarning(UserWarning):
    """Nothing differs, but nothing proves that the ONNX model answers alike either."""


class QuantizationWarning(UserWarning):
    """A file was quantized, and its answers differ or aren't proven."""


class ParityError(ExportError):
    """The ONNX model differs from the Keras model, or could not be compared.

    Attributes:
        report: The `ParityReport` with the differences, or what did not run.
    """

    def __init__(self, message: str, report: ParityReport) -> None:
        super().__init__(message)
        self.report = report

    def __reduce__(self) -> tuple[type[ParityError], tuple[str, ParityReport]]:
        return type(self), (str(self), self.report)


def brief(error: BaseException) -> str:
    """Return an error in one line, without the frames of Keras and TensorFlow."""
    lines = (_COLORS.sub("", line).strip() for line in str(error).splitlines())
    text = [line for line in lines if line]
    # TensorFlow puts the error that it wraps after the frames that led to it.
    named = [i for i, line in enumerate(text) if _NAMED.match(line)]
    name = type(error).__name__
    if named:
        text = text[named[-1] :]
        name, _, text[0] = text[0].partition(": ")
    reasons = [line for line in text if not line.startswith(_CALLING)]
    reason = reasons[0] if reasons else ""
    if len(reason) > _LONG:
        reason = reason.partition(". ")[0]
    return f"{name}: {reason}"
