"""What an export raises: one root, and a kind for each thing a caller may handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_acts.export.parity.report import ParityReport


class ExportError(Exception):
    """The root of everything that a conversion raises on purpose."""


class UnsupportedOperationError(ExportError):
    """The model holds something that has no way into ONNX."""


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
