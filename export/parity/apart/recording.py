"""Record the inputs and answers of a comparison, for machines that lack the model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.export.parity.apart.replay import CONTENTS, FORMAT, key
from keras_acts.export.parity.edges import Edge
from keras_acts.export.parity.reference.base import Answer, Reference
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.trace import Signature, TracedInput


@dataclass
class Recorder:
    """A reference that keeps the answers of another one."""

    reference: Reference
    _runs: list[tuple[dict[str, Array], dict[str, Answer]]] = field(
        default_factory=list
    )

    @property
    def signature(self) -> Signature:
        """Its inputs."""
        return self.reference.signature

    @property
    def precision(self) -> str:
        """The coarsest float dtype in which it computes."""
        return self.reference.precision

    @property
    def standalone(self) -> bool:
        """Whether it is a single activation."""
        return self.reference.standalone

    def cast_input(self, array: Array, spec: TracedInput) -> Array:
        """Return an array as the model receives it."""
        return self.reference.cast_input(array, spec)

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Answer]:
        """Return the outputs, and keep them."""
        found = self.reference.answers(inputs)
        self._runs.append((dict(inputs), found))
        return found

    def unchanged(self) -> AbstractContextManager[None]:
        """Restore on exit the state that calls may change."""
        return self.reference.unchanged()

    def index_limits(self) -> dict[str, int]:
        """Return the size of the table that an input indexes."""
        return self.reference.index_limits()

    def edges(self, precision: str) -> Iterator[Edge]:
        """Yield the edge inputs."""
        return self.reference.edges(precision)

    def divergence(self, *run: Any) -> Divergence | None:
        """Return the first layer at which the ONNX model differs."""
        return self.reference.divergence(*run)

    def __getattr__(self, name: str) -> Any:
        """Return what else the reference offers."""
        return getattr(self.reference, name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the runs so far as `.npz`."""
        arrays: dict[str, Array] = {}
        for index, (inputs, outputs) in enumerate(self._runs):
            arrays |= {key(index, "input", n): x for n, x in inputs.items()}
            arrays |= {key(index, "output", n): x.array for n, x in outputs.items()}
        contents = {
            "format": FORMAT,
            "runs": len(self._runs),
            "precision": self.precision,
            "standalone": self.standalone,
            "inputs": [one.name for one in self.signature.inputs],
            "dtypes": {
                name: sorted(answer.dtypes)
                for _, outputs in self._runs[:1]
                for name, answer in outputs.items()
            },
        }
        arrays[CONTENTS] = np.array(json.dumps(contents))
        with Path(path).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
