"""Another ONNX file as the reference, run by onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx

from keras_acts.export.errors import SignatureError
from keras_acts.export.parity.compare import NoTwinError
from keras_acts.export.parity.inner.proof import Unproven
from keras_acts.export.parity.inputs.edges import Edge, edges
from keras_acts.export.parity.inputs.generator import Draw
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.base import Answer
from keras_acts.export.parity.reference.broken import broken
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.session import NotLoadableError, Session, open_session
from keras_acts.export.parity.tolerances import PRECISIONS, Array, coarsest
from keras_acts.export.trace import Chance, Signature, TracedInput

_PROVIDER = "CPUExecutionProvider"
_ALIKE = {"Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"}
"""Operators behind which an integer input still is an index."""


@dataclass(frozen=True)
class OnnxReference:
    """An ONNX model that defines the expected outputs."""

    model: OnnxModel
    standalone: bool = False

    @property
    def signature(self) -> Signature:
        """Its inputs."""
        ports = self.model.inputs
        unknown = [port.name for port in ports if port.shape is None]
        if unknown:
            raise SignatureError(
                "The inputs of the first model must have a known rank. "
                f"Received: {', '.join(unknown)} without one"
            )
        specs = {p.name: TracedInput(p.shape or (), p.dtype, p.name) for p in ports}
        return Signature((specs,))

    @property
    def precision(self) -> str:
        """The coarsest float dtype of its inputs, outputs and weights."""
        return coarsest(self.model.dtypes)

    @cached_property
    def _session(self) -> Session:
        try:
            return open_session(self.model, _PROVIDER)
        except NotLoadableError as error:
            raise ValueError(
                "The first model must be one that onnxruntime loads. "
                f"Received: {self.model.path} ({error})"
            ) from error

    def cast_input(self, array: Array, spec: TracedInput) -> Array:
        """Return an array in the input's dtype."""
        if spec.dtype == "string":
            return array
        precise = "float32" if spec.dtype == "bfloat16" else spec.dtype
        return np.asarray(array, dtype=precise)

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs."""
        ports = {port.name: port for port in self.model.inputs}
        feeds = {n: np.asarray(x, ports[n].numpy_dtype) for n, x in inputs.items()}
        dtypes = {port.name: port.dtype for port in self.model.outputs}
        outputs = self._session.run(feeds)
        return {n: Answer(x, self._allowed(dtypes[n])) for n, x in outputs.items()}

    def _allowed(self, dtype: str) -> frozenset[str]:
        """Any float dtype: files are compared that were written in several."""
        return frozenset(PRECISIONS if dtype in PRECISIONS else [dtype])

    def chances(self) -> list[Chance] | None:
        """Return None: only runs show what a graph draws."""
        return None

    def exact(self) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
        """Raise: onnxruntime runs a file in the dtypes that it has."""
        raise NoTwinError("a file has only the dtypes that it was written with")

    def broken_weights(self) -> list[str]:
        """Return the initializers that hold NaN or infinity."""
        return broken(
            (x.name, onnx.numpy_helper.to_array(x))
            for x in self.model.proto.graph.initializer
            if x.data_location != onnx.TensorProto.EXTERNAL
        )

    def vocabulary_draws(self) -> dict[str, Draw]:
        """Return nothing: only Keras's layers tell their vocabularies."""
        return {}

    def expected_ranges(self) -> dict[str, Draw]:
        """Return nothing: the layers of a file aren't known."""
        return {}

    def unchanged(self) -> AbstractContextManager[None]:
        """Nothing changes."""
        return nullcontext()

    def index_limits(self) -> dict[str, int]:
        """Return the sizes of the tables that Gather looks inputs up in."""
        graph = self.model.proto.graph
        sizes = {x.name: list(x.dims) for x in graph.initializer}
        origin = {port.name: port.name for port in self.model.inputs}
        limits: dict[str, int] = {}
        for node in graph.node:
            if node.op_type in _ALIKE and node.input[0] in origin:
                origin[node.output[0]] = origin[node.input[0]]
            if node.op_type != "Gather" or node.input[1] not in origin:
                continue
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            if node.input[0] in sizes:
                name, size = origin[node.input[1]], sizes[node.input[0]][axis]
                limits[name] = min(limits.get(name, size), size)
        return limits

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs."""
        return edges(self.model, precision)

    def divergence(self, *_run: Any) -> Divergence | None:
        """Return None: the layers of a file aren't known."""
        return None

    def prove(self, *_run: Any) -> int:
        """Raise: the layers of a file aren't known."""
        raise Unproven("an ONNX file has no layers that could be compared in its place")
