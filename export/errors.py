"""What an export raises: one root, and a kind for each thing a caller may handle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_acts.export.parity.report.report import ParityReport

_COLORS = re.compile(r"\x1b\[\d*m")
_NAMED = re.compile(r"\w+(Error|Exception): ")
_CALLING = "Exception encountered when calling"
_LONG = 250


class ExportError(Exception):
    """The root of everything that a conversion raises on purpose."""


class UnsupportedOperationError(ExportError):
    """The model holds something that has no way into ONNX."""


class UnsupportedKerasError(ExportError):
    """This Keras lacks something private that tracing a model needs."""


class UnsupportedKerasWarning(UserWarning):
    """Tracing was not tried with this release of Keras."""


class StatefulLayerError(UnsupportedOperationError):
    """A layer keeps its state from call to call, which no file does by any engine."""


class SignatureError(ExportError):
    """The model's inputs or outputs are unknown, or named in a way that cannot be."""


class OpsetError(ExportError):
    """The opset is none that is supported, or lacks an operator the model needs."""


class NameClashError(ExportError):
    """Two things that need different names were given one."""


class WriteError(ExportError):
    """The file cannot be written where it was asked for."""


class EngineError(ExportError):
    """The engine asked for is not there, or does not take this kind of model."""


class EngineWarning(UserWarning):
    """The native engine could not convert the model, and another one took its place."""


class ParityError(ExportError):
    """The ONNX model was not shown to answer as the Keras model does.

    Attributes:
        report: The `ParityReport` that says where they differ, or what did not run.
    """

    def __init__(self, message: str, report: ParityReport) -> None:
        super().__init__(message)
        self.report = report

    def __reduce__(self) -> tuple[type[ParityError], tuple[str, ParityReport]]:
        return type(self), (str(self), self.report)


def brief(error: BaseException) -> str:
    """Return an error in one line: Keras and TensorFlow tell how they came there."""
    lines = (_COLORS.sub("", line).strip() for line in str(error).splitlines())
    said = [line for line in lines if line]
    # TensorFlow tells the error that it wraps after the frames that led there.
    named = [i for i, line in enumerate(said) if _NAMED.match(line)]
    name = type(error).__name__
    if named:
        said = said[named[-1] :]
        name, _, said[0] = said[0].partition(": ")
    reasons = [line for line in said if not line.startswith(_CALLING)]
    reason = reasons[0] if reasons else ""
    if len(reason) > _LONG:
        reason = reason.partition(". ")[0]
    return f"{name}: {reason}"
