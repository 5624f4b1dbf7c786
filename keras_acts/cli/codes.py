"""Exit codes, and those of errors and verdicts."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The exit code of a command."""

    DONE = 0
    PARITY_FAILED = 1
    ALARM = 1  # with --strict, where a diagnosis finds something
    BAD_INPUT = 2
    CANNOT_EXPORT = 3
    PROVIDER_DID_NOT_RUN = 4
    NOT_PROVEN = 5


BY_STATUS = {
    "passed": Code.DONE,
    "failed": Code.PARITY_FAILED,
    "not run": Code.PROVIDER_DID_NOT_RUN,
    "not proven": Code.NOT_PROVEN,
}
"""The exit code of each `ParityReport.status`."""

# Names, since the modules of the classes import onnx.
_BAD_INPUT = {
    "WriteError",
    "ValueError",
    "TypeError",
    "ImportError",
    "OSError",
    "MemoryError",
}

_OTHERS = {"ProviderUnavailableError": Code.PROVIDER_DID_NOT_RUN}


class CommandError(Exception):
    """An error that ends a command with a message and an exit code."""

    def __init__(self, message: str, code: Code = Code.BAD_INPUT) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: Exception) -> Code:
    """Return the exit code of an error.

    An unexpected error counts as "cannot be exported", never as a verdict.
    """
    if isinstance(error, CommandError):
        return error.code
    if type(error).__name__ in _OTHERS:
        return _OTHERS[type(error).__name__]
    if {kind.__name__ for kind in type(error).__mro__} & _BAD_INPUT:
        return Code.BAD_INPUT
    return Code.CANNOT_EXPORT
