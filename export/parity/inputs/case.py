"""One run of a comparison: its inputs, and what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keras_acts.export.parity.tolerances import Array, largest

CaseRole = Literal["decides", "decides where finite", "reported"]

ORDINARY = "normal"
"""The kind of inputs on which outputs are as large as in use."""


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        name: What the inputs are.
        kind: The kind of input; runs of one kind share the magnitude of their outputs.
        inputs: Keras's inputs by name.
        role: Whether the run decides the verdict: always (the user's arrays), where
            Keras's output is finite, or not at all.
        random: Whether the inputs are random, so that outputs should vary over them.
        ordinary: Whether they are normally distributed, or indices, so that outputs
            are as large as in use.
        optional: Whether Keras may refuse the sizes chosen for unknown axes.
    """

    name: str
    kind: str
    inputs: dict[str, Array]
    role: CaseRole = "decides where finite"
    random: bool = False
    ordinary: bool = False
    optional: bool = False

    @property
    def kinds(self) -> set[str]:
        """The kinds of input for which the run shows how large outputs are."""
        return {self.kind, ORDINARY} if self.ordinary else {self.kind}

    @property
    def largest_input(self) -> float:
        """Return the largest number in the float inputs, at least 1."""
        floats = (x for x in self.inputs.values() if x.dtype.kind == "f")
        return max([1.0, *map(largest, floats)])
