"""Why Python code can't be traced as it is, for the error that names the layer."""

from __future__ import annotations


class CodeError(Exception):
    """A layer's Python code can't be traced as it is.

    Attributes:
        problem: Why, and what to write instead; a layer is the subject.
        received: What the code does.
    """

    def __init__(self, problem: str, received: str) -> None:
        super().__init__(f"{problem}. Received: {received}")
        self.problem, self.received = problem, received


class UnknownValueError(CodeError, TypeError):
    """It needs the value of a traced tensor."""


class BranchingError(CodeError):
    """The ways through it can't become an `If`."""
