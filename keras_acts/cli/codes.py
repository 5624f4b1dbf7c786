"""Exit codes, and which of them an error or a verdict means."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """What a command leaves with."""

    DONE = 0
    PARITY_FAILED = 1
    BAD_INPUT = 2
    CANNOT_EXPORT = 3
    PROVIDER_DID_NOT_RUN = 4


BY_STATUS = {
    "passed": Code.DONE,
    "failed": Code.PARITY_FAILED,
    "not run": Code.PROVIDER_DID_NOT_RUN,
}
"""The exit code of each `ParityReport.status`."""

# Names, since the classes live where onnx is imported.
_BAD_INPUT = {
    "NameClashError",
    "OpsetError",
    "SignatureError",
    "WriteError",
    "ValueError",
    "TypeError",
    "ImportError",
    "OSError",
}


class CommandError(Exception):
    """What ends a command with a message and a code."""

    def __init__(self, message: str, code: Code = Code.BAD_INPUT) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: Exception) -> Code:
    """Return the exit code that an error means.

    What nothing here foresees counts as "cannot be exported": never as a verdict.
    """
    if isinstance(error, CommandError):
        return error.code
    if {kind.__name__ for kind in type(error).__mro__} & _BAD_INPUT:
        return Code.BAD_INPUT
    return Code.CANNOT_EXPORT
