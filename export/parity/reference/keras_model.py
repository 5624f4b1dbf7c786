"""A Keras model of any backend as the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.export.parity import index_limits
from keras_acts.export.parity.edges import Edge, edges, is_standalone_activation
from keras_acts.export.parity.inputs import Case
from keras_acts.export.parity.localize import first_divergence
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.reference.base import Answer
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
                keras_calls.to_numpy(x),
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

    def unchanged(self) -> AbstractContextManager[None]:
        """Restore on exit the states of RNNs and seeds, and statistics."""
        return keras_calls.unchanged(self.model)

    def index_limits(self) -> dict[str, int]:
        """Return the sizes of the tables that inputs index."""
        return index_limits.index_limits(self.model, self.signature, self.graph)

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
        return first_divergence(self.model, onnx_model, inputs, case, allowed)
