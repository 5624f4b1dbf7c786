"""What an ONNX model is compared with: a Keras model, or a TensorFlow SavedModel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from keras_acts.export.errors import SignatureError
from keras_acts.export.parity import limits, reference
from keras_acts.export.parity.edges import Edge, edges, is_lone_activation
from keras_acts.export.parity.inputs import Case
from keras_acts.export.parity.localize import first_divergence
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.report import Divergence
from keras_acts.export.parity.tolerances import Array, Tolerance, coarsest
from keras_acts.export.saved_model import SavedModel, require_tensorflow
from keras_acts.export.trace import InputSpec, Signature, model_signature


@dataclass(frozen=True)
class Answer:
    """One output of one run, and the dtypes that the ONNX model's may have."""

    array: Array
    dtypes: frozenset[str]


class Reference(Protocol):
    """A model that answers, and what is known of it."""

    @property
    def signature(self) -> Signature:
        """Its inputs."""

    @property
    def precision(self) -> str:
        """The coarsest float dtype in which it computes."""

    @property
    def lone(self) -> bool:
        """Whether it is one activation, which owes its answer at every number."""

    def seen(self, array: Array, spec: InputSpec) -> Array:
        """Return an input as it is once the model took it in the input's dtype."""

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs by name, for inputs by name."""

    def unchanged(self) -> AbstractContextManager[None]:
        """Put back what calls may change."""

    def index_limits(self) -> dict[str, int]:
        """Return the size of the table that an input is looked up in, by name."""

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs."""

    def divergence(
        self,
        onnx_model: OnnxModel,
        inputs: list[PairedInput],
        case: Case,
        allowed: Tolerance,
    ) -> Divergence | None:
        """Return the first layer at which the ONNX model differs, if it is known."""


def reference_of(model: Any, input_signature: Any = None) -> Reference:
    """Return the reference that a model is.

    Raises:
        SignatureError: The model's inputs are unknown, or are given for a SavedModel.
    """
    if not isinstance(model, SavedModel):
        return KerasReference(model, model_signature(model, input_signature))
    if input_signature is not None:
        raise SignatureError(
            "A SavedModel has a signature of its own. "
            f"Received: input_signature={input_signature!r}"
        )
    return SavedModelReference(model)


@dataclass(frozen=True)
class KerasReference:
    """A Keras model of any backend, called with `training=False`."""

    model: Any
    signature: Signature

    @property
    def precision(self) -> str:
        """The coarsest float dtype in which a layer computes."""
        return reference.compute_precision(self.model)

    @property
    def lone(self) -> bool:
        """Whether it is one activation."""
        return is_lone_activation(self.model)

    def seen(self, array: Array, spec: InputSpec) -> Array:
        """Return an input as the backend takes it."""
        return reference.as_keras_sees(array, spec)

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs. The backend's dtypes may differ from the model's own."""
        tensors = reference.answers(self.model, self.signature, inputs)
        declared = getattr(self.model, "outputs", None) or []
        if len(declared) != len(tensors):
            declared = list(tensors.values())
        name_of = keras.backend.standardize_dtype
        return {
            name: Answer(
                reference.to_numpy(x),
                frozenset([name_of(x.dtype), name_of(own.dtype)]),
            )
            for (name, x), own in zip(tensors.items(), declared, strict=True)
        }

    def unchanged(self) -> AbstractContextManager[None]:
        """Put back the states of RNNs, of seeds, and statistics."""
        return reference.unchanged(self.model)

    def index_limits(self) -> dict[str, int]:
        """Return the sizes of the tables that layers look inputs up in."""
        return limits.index_limits(self.model, self.signature)

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs, those of the model's own activations included."""
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


@dataclass(frozen=True)
class SavedModelReference:
    """A signature of a SavedModel, run by TensorFlow whatever Keras's backend is."""

    model: SavedModel
    lone: bool = False

    @property
    def signature(self) -> Signature:
        """Its inputs."""
        return self.model.signature

    @property
    def precision(self) -> str:
        """The coarsest float dtype of an operation."""
        return coarsest(self.model.dtypes)

    def seen(self, array: Array, spec: InputSpec) -> Array:
        """Return an input as TensorFlow takes it."""
        return _array(self._tensor(array, spec))

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs."""
        specs = {spec.name: spec for spec in self.signature.inputs}
        tensors = self.model({n: self._tensor(x, specs[n]) for n, x in inputs.items()})
        return {
            name: Answer(_array(x), frozenset([x.dtype.name]))
            for name, x in tensors.items()
        }

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Put back the variables that a signature assigns to."""
        before = [(variable, variable.numpy()) for variable in self.model.variables]
        try:
            yield
        finally:
            for variable, value in before:
                if not np.array_equal(variable.numpy(), value):
                    variable.assign(value)

    def index_limits(self) -> dict[str, int]:
        """Give the smallest table to every integer input: no layer tells of it."""
        whole = [s.name for s in self.signature.inputs if "int" in s.dtype]
        smallest = self.model.smallest_table if whole else None
        return dict.fromkeys(whole, smallest) if smallest else {}

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs."""
        return edges(self.model, precision)

    def divergence(self, *_run: Any) -> Divergence | None:
        """Return None: a signature has no layers."""
        return None

    def _tensor(self, array: Array, spec: InputSpec) -> Any:
        return require_tensorflow().convert_to_tensor(array, dtype=spec.dtype)


def _array(tensor: Any) -> Array:
    array = np.asarray(tensor.numpy())
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
