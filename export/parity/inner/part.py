"""A run of both sides from some tensors on, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_acts.export.parity.inner.layer_graph import LayerGraph, Slot
from keras_acts.export.parity.inner.localize import Recorded, run, varies
from keras_acts.export.parity.inner.matching import Judged, Values
from keras_acts.export.parity.tolerances import Array, Tolerance


@dataclass(frozen=True)
class Part:
    """A run of both sides from some tensors on.

    Attributes:
        recorded: The steps of Keras.
        judged: Their tensors.
        masked: Those that carry a mask.
        values: The values of the file.
    """

    recorded: Sequence[Recorded]
    judged: Mapping[Slot, Judged]
    masked: set[Slot]
    values: Values

    @classmethod
    def of(
        cls,
        graph: LayerGraph,
        values: Mapping[Slot, Any],
        tolerance: Tolerance,
        got: Mapping[str, Array],
        feeds: Mapping[str, Array],
    ) -> Part:
        """Run Keras's side beside what the file gave."""
        masked: set[Slot] = set()
        recorded = run(graph, values, masked)
        judged = {
            slot: Judged.of(array, tolerance)
            for one in recorded
            for slot, array in zip(one.step.outputs, one.arrays, strict=True)
        }
        inner = {name: x for name, x in got.items() if name not in feeds}
        return cls(recorded, judged, masked, Values(inner))

    def varying(self, slot: Slot) -> bool:
        """Whether a tensor was computed, and varies."""
        judged = self.judged.get(slot)
        return judged is not None and varies(judged.want) and bool(judged.bound)

    def differs(self, slots: Sequence[Slot], *, alone: bool) -> bool:
        """Whether the file certainly differs at a tensor that varies.

        Args:
            slots: Tensors that no value of the file equals, nor one behind them.
            alone: Whether nothing else can tell: then what is like a tensor on the
                whole is enough, else most of its elements have to be equal.
        """
        judged = [self.judged[slot] for slot in slots if self.varying(slot)]
        return any(
            self.values.differs_in_part(one) or (alone and self.values.differs(one))
            for one in judged
        )
