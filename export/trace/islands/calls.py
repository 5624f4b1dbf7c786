"""The calls of layers that one trace leaves to another exporter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keras_acts.export.errors import ExportError
from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.islands.islands import (
    NEVER,
    Island,
    Islands,
    island,
    returns,
)
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.kinds import ISLAND
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.structure import flatten


class IslandCalls:
    """Decides which calls are left to another exporter, and records them.

    Attributes:
        made: The islands so far.
    """

    def __init__(self, chosen: Islands | None) -> None:
        """Take the layers that were chosen before; None if none may be an island."""
        self.made: list[Island] = []
        self._chosen = chosen

    def check(self, layer: Any) -> None:
        """Raise the reason for which a layer was chosen, if it was."""
        reason = (self._chosen or {}).get(IdentityKey(layer))
        if reason is not None:
            raise reason

    def may_take(self, kwargs: Any, reason: ExportError) -> bool:
        """Whether a call of a layer that can't be traced may be an island."""
        allowed = self._chosen is not None and not isinstance(reason, NEVER)
        return allowed and not kwargs.get("training")

    def record(
        self,
        recorder: Recorder,
        layer: Any,
        args: Any,
        kwargs: Any,
        path: tuple[str, ...],
        reason: ExportError,
    ) -> tuple[Any] | None:
        """Record a call of a layer as an island; return its outputs in a tuple.

        None if Keras's backend can't say what the layer returns.
        """
        made, tensors = island(layer, args, kwargs, path, reason)
        try:
            found = returns(made, args, kwargs)
        except Exception:  # of the model's own code, of any kind
            return None
        made = replace(made, returns=found)
        self.made.append(made)
        outputs, traced = recorder.record_node(
            ISLAND, tuple(tensors), {}, found.spec, operation=made
        )
        for tensor, mask in zip(flatten(outputs), traced, strict=True):
            if mask is not None:
                reads.set_mask(tensor, mask)
        return (outputs,)
