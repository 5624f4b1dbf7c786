"""A Keras model of any backend as the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.export.parity.inner.localize import first_divergence
from keras_acts.export.parity.inner.proof import prove
from keras_acts.export.parity.inputs import index_limits
from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.inputs.edges import Edge, edges, is_standalone_activation
from keras_acts.export.parity.inputs.generator import Draw
from keras_acts.export.parity.inputs.vocabularies import vocabulary_draws
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.reference.base import Answer
from keras_acts.export.parity.reference.broken import broken
from keras_acts.export.parity.reference.float64_twin import Twin
from keras_acts.export.parity.reference.keras_calls import to_numpy
from keras_acts.export.parity.reference.ranges import expected_ranges
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.tolerances import Array, Tolerance
from keras_acts.export.trace import (
    Chance,
    Graph,
    Signature,
    TracedInput,
    chances,
    trace,
)


@dataclass(frozen=True)
class KerasReference:
    """A Keras model of any backend, called with `training=False`.

    Attributes:
        model: The model.
        signature: Its inputs.
        graph: Its trace, where the model's conversion left one.
    """

    model: Any
    signature: Signature
    graph: Graph | None = None

    @property
    def precision(self) -> str:
        """The coarsest float dtype in which a layer computes."""
        return keras_calls.compute_precision(self.model)

    @property
    def standalone(self) -> bool:
        """Whether it is a single activation."""
        return is_standalone_activation(self.model)

    def cast_input(self, array: Array, spec: TracedInput) -> Array:
        """Return an array as the backend receives it."""
        return keras_calls.cast_input(array, spec)

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs; the backend's dtypes may differ from the declared."""
        tensors = keras_calls.answers(self.model, self.signature, inputs)
        declared = getattr(self.model, "outputs", None) or []
        if len(declared) != len(tensors):
            declared = list(tensors.values())
        name_of = keras.backend.standardize_dtype
        return {
            name: Answer(
                to_numpy(x),
                frozenset([name_of(x.dtype), name_of(own.dtype)]),
            )
            for (name, x), own in zip(tensors.items(), declared, strict=True)
        }

    def chances(self) -> list[Chance] | None:
        """Return what each output owes to chance; None if it can't be traced."""
        try:
            return chances(self.graph or trace(self.model, self.signature))
        except Exception:  # whatever the model's code raises: then runs have to tell
            return None

    def exact(self) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
        """Return the answers of the model's copy in float64."""
        return Twin.of(self.model, self.signature).answers

    def broken_weights(self) -> list[str]:
        """Return the weights that hold NaN or infinity."""
        return broken((v.path, to_numpy(v)) for v in self.model.variables)

    def unchanged(self) -> AbstractContextManager[None]:
        """Restore on exit the states of RNNs and seeds, and statistics."""
        return keras_calls.unchanged(self.model)

    def index_limits(self) -> dict[str, int]:
        """Return the sizes of the tables that inputs index."""
        return index_limits.index_limits(self.model, self.signature, self.graph)

    def expected_ranges(self) -> dict[str, Draw]:
        """Return what draws the numbers that Rescaling and Normalization expect."""
        return expected_ranges(self.model, self.signature)

    def vocabulary_draws(self) -> dict[str, Draw]:
        """Return what draws the entries that lookups know, and all strings."""
        return vocabulary_draws(self.model, self.signature, self.graph)

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs, including the breakpoints of the activations."""
        return edges(self.model, precision)

    def divergence(
        self,
        onnx_model: OnnxModel,
        inputs: list[PairedInput],
        case: Case,
        allowed: Tolerance,
    ) -> Divergence | None:
        """Return the first layer at which the ONNX model differs."""
        return first_divergence(
            self.model, self.signature, onnx_model, inputs, case, allowed
        )

    def prove(
        self,
        onnx_model: OnnxModel,
        inputs: list[PairedInput],
        case: Case,
        allowed: Tolerance,
        outputs: Mapping[int, str],
    ) -> int:
        """Compare the parts of a Functional or Sequential model on their own inputs."""
        limits = self.index_limits()
        floats = [one.spec.name for one in inputs if one.spec.name not in limits]
        return prove(
            self.model,
            self.signature,
            onnx_model,
            inputs,
            case,
            allowed,
            outputs,
            floats,
        )
