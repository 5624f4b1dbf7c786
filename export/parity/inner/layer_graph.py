"""A Functional or Sequential model as a flat list of calls, which can start anywhere.

Nested models are taken apart, and a layer that is called several times has as many
steps. Running it adds nothing to the model, as a second model of its tensors would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import keras

from keras_acts.export.trace import flatten
from keras_acts.export.trace.keras_patches import reads


class NoGraphError(Exception):
    """A model is not a graph of layers; the message says so."""


@dataclass(frozen=True)
class Slot:
    """A tensor of the graph, by its number."""

    number: int


@dataclass(frozen=True)
class Step:
    """A call of a layer or operation.

    Attributes:
        operation: What is called.
        arguments: Its positional and keyword arguments, tensors as slots.
        inputs: The tensors that it reads.
        outputs: The tensors that it makes.
    """

    operation: Any
    arguments: tuple[Any, Any]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]

    @property
    def name(self) -> str:
        """The name of the layer or operation."""
        return str(self.operation.name)

    @property
    def kind(self) -> str:
        """Its class."""
        return type(self.operation).__name__


@dataclass(frozen=True)
class LayerGraph:
    """The steps of a model, each behind what it needs.

    Attributes:
        inputs: The model's inputs, by name.
        outputs: Its outputs, in order.
        steps: Its calls.
    """

    inputs: Mapping[str, Slot]
    outputs: Sequence[Slot]
    steps: Sequence[Step]

    @classmethod
    def of(cls, model: Any) -> LayerGraph:
        """Flatten a model.

        Raises:
            NoGraphError: It is neither Functional nor Sequential.
        """
        if not _is_graph(model):
            raise NoGraphError(f"'{model.name}' is no graph of layers")
        flat = _Flattening()
        slots = [next(flat.slots) for _ in model.inputs]
        outputs = flat.add(model, slots)
        # In the order of the signature, which is not always that of `model.inputs`.
        own = {id(x): slot for x, slot in zip(model.inputs, slots, strict=True)}
        tensors = [x for x in flatten(reads.input_structure(model)) if x is not None]
        inputs = {x.name: own[id(x)] for x in tensors}
        return cls(inputs, outputs, flat.steps)

    def run(
        self, values: Mapping[Slot, Any], visit: Callable[[Step, list[Any]], None]
    ) -> None:
        """Call each step whose inputs are known, from given tensors on.

        Args:
            values: Tensors to start from.
            visit: Is given each step and its tensors.
        """
        known = dict(values)

        def value(x: Any) -> Any:
            return known[x] if isinstance(x, Slot) else x

        for step in self.steps:
            ready = all(slot in known for slot in step.inputs)
            if not ready or any(slot in known for slot in step.outputs):
                continue
            args, kwargs = keras.tree.map_structure(value, step.arguments)
            tensors = keras.tree.flatten(step.operation(*args, **kwargs))
            known |= dict(zip(step.outputs, tensors, strict=True))
            visit(step, tensors)

    def bottlenecks(self, start: Slot | None, target: Slot) -> list[Slot]:
        """Return the tensors through which all goes that reaches the target, in order.

        Args:
            start: Where the run starts; None for the model's inputs.
            target: An output.
        """
        needed = self._ancestors(target)
        opened = {start} if start else set(self.inputs.values()) & needed
        last_use = {
            slot: i for i, step in enumerate(self.steps) for slot in step.inputs
            if any(out in needed for out in step.outputs)
        }  # fmt: skip
        made = set(opened)
        found: list[Slot] = []
        for i, step in enumerate(self.steps):
            if not set(step.outputs) & needed or not set(step.inputs) <= made:
                continue
            made |= set(step.outputs)
            opened |= {slot for slot in step.outputs if slot in needed}
            opened = {x for x in opened if last_use.get(x, -1) > i or x == target}
            if len(opened) == 1:
                found += opened
        return list(dict.fromkeys(found))

    def _ancestors(self, target: Slot) -> set[Slot]:
        needed = {target}
        for step in reversed(self.steps):
            if any(slot in needed for slot in step.outputs):
                needed |= set(step.inputs)
        return needed


def _is_graph(model: Any) -> bool:
    functional = isinstance(model, keras.Sequential) or hasattr(model, "operations")
    return functional and bool(getattr(model, "inputs", None))


def _with_slots(bound: Mapping[int, Slot]) -> Callable[[Any], Any]:
    return lambda x: bound[id(x)] if isinstance(x, keras.KerasTensor) else x


@dataclass
class _Flattening:
    steps: list[Step] = field(default_factory=list)
    slots: Iterator[Slot] = field(default_factory=lambda: map(Slot, count()))

    def add(self, model: Any, inputs: Sequence[Slot]) -> list[Slot]:
        """Add the steps of a model; return the slots of its outputs."""
        graph = keras.Model(model.inputs, model.outputs)
        bound = {id(x): slot for x, slot in zip(graph.inputs, inputs, strict=True)}
        for node in reads.nodes_in_order(graph):
            read = tuple(bound[id(x)] for x in node.input_tensors)
            if _is_graph(node.operation) and len(read) == len(node.operation.inputs):
                made = self.add(node.operation, read)
            else:
                made = [next(self.slots) for _ in node.outputs]
                arguments = node.arguments.convert(_with_slots(bound))
                self.steps.append(Step(node.operation, arguments, read, tuple(made)))
            bound |= {id(x): slot for x, slot in zip(node.outputs, made, strict=True)}
        return [bound[id(x)] for x in graph.outputs]
