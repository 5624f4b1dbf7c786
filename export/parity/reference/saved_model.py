"""A signature of a TensorFlow SavedModel as the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.export.parity.compare import NoTwinError
from keras_acts.export.parity.inner.proof import Unproven
from keras_acts.export.parity.inputs.edges import Edge, edges
from keras_acts.export.parity.inputs.generator import Draw
from keras_acts.export.parity.reference.base import Answer
from keras_acts.export.parity.reference.broken import broken
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.tolerances import Array, coarsest
from keras_acts.export.saved_model import SavedModel, require_tensorflow
from keras_acts.export.trace import Chance, Signature, TracedInput


@dataclass(frozen=True)
class SavedModelReference:
    """A signature of a SavedModel, run by TensorFlow on every Keras backend."""

    model: SavedModel
    standalone: bool = False

    @property
    def signature(self) -> Signature:
        """Its inputs."""
        return self.model.signature

    @property
    def precision(self) -> str:
        """The coarsest float dtype of an operation."""
        return coarsest(self.model.dtypes)

    def cast_input(self, array: Array, spec: TracedInput) -> Array:
        """Return an array as TensorFlow receives it."""
        return _array(self._tensor(array, spec))

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs."""
        specs = {spec.name: spec for spec in self.signature.inputs}
        tensors = self.model({n: self._tensor(x, specs[n]) for n, x in inputs.items()})
        return {
            name: Answer(_array(x), frozenset([x.dtype.name]))
            for name, x in tensors.items()
        }

    def chances(self) -> list[Chance] | None:
        """Return None: only runs show what a graph of TensorFlow draws."""
        return None

    def exact(self) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
        """Raise: TensorFlow can't run a signature in another dtype."""
        raise NoTwinError("a SavedModel has only the dtypes that it was saved with")

    def broken_weights(self) -> list[str]:
        """Return the variables that hold NaN or infinity."""
        return broken((v.name, _array(v)) for v in self.model.variables)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Restore on exit the variables that a signature assigns to."""
        before = [(variable, variable.numpy()) for variable in self.model.variables]
        try:
            yield
        finally:
            for variable, value in before:
                if not np.array_equal(variable.numpy(), value):
                    variable.assign(value)

    def index_limits(self) -> dict[str, int]:
        """Limit every integer input by the smallest table: there are no layers."""
        integers = [s.name for s in self.signature.inputs if "int" in s.dtype]
        smallest = self.model.smallest_table if integers else None
        return dict.fromkeys(integers, smallest) if smallest else {}

    def vocabulary_draws(self) -> dict[str, Draw]:
        """Return nothing: only Keras's layers tell their vocabularies."""
        return {}

    def expected_ranges(self) -> dict[str, Draw]:
        """Return nothing: a signature has no layers."""
        return {}

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs."""
        return edges(self.model, precision)

    def divergence(self, *_run: Any) -> Divergence | None:
        """Return None: a signature has no layers."""
        return None

    def prove(self, *_run: Any) -> int:
        """Raise: a signature has no layers."""
        raise Unproven("a SavedModel has no layers that could be compared in its place")

    def _tensor(self, array: Array, spec: TracedInput) -> Any:
        return require_tensorflow().convert_to_tensor(array, dtype=spec.dtype)


def _array(tensor: Any) -> Array:
    array = np.asarray(tensor.numpy())
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
