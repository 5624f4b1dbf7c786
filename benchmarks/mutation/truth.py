"""Which layers of Keras a node of an exported file computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from keras_acts.export.parity.inner.layer_graph import LayerGraph, Slot
from keras_acts.export.parity.inner.localize import record
from keras_acts.export.parity.inner.matching import Judged, Values
from keras_acts.export.parity.inner.tapped import TappedFile
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.tolerances import tolerance
from keras_acts.export.trace import model_signature


@dataclass(frozen=True)
class Truth:
    """The right file beside its model.

    Attributes:
        graph: The calls of layers.
        proto: The file.
        slots: Which of Keras's tensors a value of the file is.
    """

    graph: LayerGraph
    proto: onnx.ModelProto
    slots: Mapping[str, Slot]

    @classmethod
    def of(
        cls, model: Any, proto: onnx.ModelProto, inputs: Mapping[str, np.ndarray]
    ) -> Truth:
        """Match the values of a right file with Keras's tensors."""
        graph = LayerGraph.of(model)
        values = Values(TappedFile.of(OnnxModel(proto)).values(inputs))
        slots: dict[str, Slot] = {}
        for one in record(graph, inputs, model_signature(model)):
            for slot, array in zip(one.step.outputs, one.arrays, strict=True):
                for name, _ in values.equal(Judged.of(array, tolerance("float32"))):
                    slots.setdefault(name, slot)
        return cls(graph, proto, slots)

    def layers(self, value: str) -> list[str]:
        """Return the layers fused into the node that makes a value; none if unknown.

        They lie between Keras's tensors that the file has before the node, and the
        first that it has behind.
        """
        behind = self._behind(value)
        found: set[str] = set()
        for slot in behind:
            waiting = [slot]
            while waiting:
                step = next(
                    (s for s in self.graph.steps if waiting[-1] in s.outputs), None
                )
                waiting.pop()
                if step is None or step.name in found:
                    continue
                found.add(step.name)
                known = set(self.slots.values())
                waiting += [x for x in step.inputs if x not in known]
        return sorted(found)

    def layers_around(self, value: str) -> list[str]:
        """Return the layers before and behind a value at which nodes were put in.

        The value that the layer before it made is still there, so either may be named.
        """
        readers = [x.output[0] for x in self.proto.graph.node if value in x.input]
        found = [self.layers(value), *map(self.layers, readers)]
        return sorted({layer for layers in found for layer in layers})

    def _behind(self, value: str) -> set[Slot]:
        """Return the first of Keras's tensors at a value or behind it."""
        waiting, visited, found = [value], set(), set()
        while waiting:
            name = waiting.pop()
            if name in visited:
                continue
            visited.add(name)
            if name in self.slots:
                found.add(self.slots[name])
                continue
            for node in self.proto.graph.node:
                if name in node.input:
                    waiting += list(node.output)
        return found
