"""The interface of a model that defines the expected outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.inputs.edges import Edge
from keras_acts.export.parity.inputs.generator import Draw
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.tolerances import Array, Tolerance
from keras_acts.export.trace import Chance, Signature, TracedInput


@dataclass(frozen=True)
class Answer:
    """One output of one run, and the dtypes that the ONNX output may have."""

    array: Array
    dtypes: frozenset[str]


class Reference(Protocol):
    """A model that defines the expected outputs."""

    @property
    def signature(self) -> Signature:
        """Its inputs."""

    @property
    def precision(self) -> str:
        """The coarsest float dtype in which it computes."""

    @property
    def standalone(self) -> bool:
        """Whether it is a single activation, which must be right for every number."""

    def cast_input(self, array: Array, spec: TracedInput) -> Array:
        """Return an array as the model receives it, cast to the input's dtype."""

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs by name, for inputs by name."""

    def chances(self) -> list[Chance] | None:
        """Return what each output owes to chance, in order; None if unknown."""

    def exact(self) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
        """Return what computes the outputs by name in float64.

        Raises:
            NoTwinError: Nothing does.
        """

    def broken_weights(self) -> list[str]:
        """Return the weights that hold NaN or infinity, each with what it holds."""

    def unchanged(self) -> AbstractContextManager[None]:
        """Restore on exit the state that calls may change."""

    def index_limits(self) -> dict[str, int]:
        """Return the size of the table that an input indexes, by input name."""

    def expected_ranges(self) -> dict[str, Draw]:
        """Return what draws the numbers that the first layers expect, by input name."""

    def vocabulary_draws(self) -> dict[str, Draw]:
        """Return what draws the entries that lookups know, by input name."""

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs."""

    def divergence(
        self,
        onnx_model: OnnxModel,
        inputs: list[PairedInput],
        case: Case,
        allowed: Tolerance,
    ) -> Divergence | None:
        """Return the first layer at which the ONNX model differs, if known."""

    def prove(
        self,
        onnx_model: OnnxModel,
        inputs: list[PairedInput],
        case: Case,
        allowed: Tolerance,
        outputs: Mapping[int, str],
    ) -> int:
        """Compare inner layers, since some outputs hardly vary with the input.

        Args:
            outputs: The ONNX name of each of those outputs, by its number.

        Returns:
            The number of parts of the model that were compared.

        Raises:
            Unproven: They can't be compared, or differ.
        """
