"""Record the inputs and answers of a comparison, for machines that lack the model."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.export.parity.apart.recorded import CONTENTS, FORMAT, key
from keras_acts.export.parity.compare import NoTwinError
from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.reference.base import Answer, Reference
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.parity.verdict.cases import is_decisive


@dataclass
class Recorder:
    """Keeps the runs of a comparison, and the model's answers in its own dtype.

    Attributes:
        reference: The model.
    """

    reference: Reference
    _runs: list[tuple[Case, dict[str, Answer]]] = field(default_factory=list)
    _outputs: dict[str, list[str]] = field(default_factory=dict)
    _drawn: list[str] = field(default_factory=list)

    def keep(
        self, case: Case, answers: dict[str, Answer], drawn: Collection[str]
    ) -> None:
        """Keep a run, but not the outputs that draw random numbers."""
        self._outputs = {name: sorted(one.dtypes) for name, one in answers.items()}
        self._drawn = sorted(drawn)
        kept = {name: one for name, one in answers.items() if name not in drawn}
        self._runs.append((case, kept))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the runs so far as `.npz`, with the answers of a copy in float64.

        Raises:
            ValueError: No output can be recorded, as each draws random numbers.
        """
        if not any(answers for _, answers in self._runs):
            raise ValueError(
                "Answers can be recorded where an output draws no random numbers. "
                "Received: a model of which each does"
            )
        exact, reason = self._exact()
        arrays: dict[str, Array] = {}
        for index, (case, answers) in enumerate(self._runs):
            sides = {
                "input": case.inputs,
                "output": {name: one.array for name, one in answers.items()},
                "exact": exact.get(index, {}),
            }
            for side, named in sides.items():
                arrays |= {key(index, side, name): x for name, x in named.items()}
        arrays[CONTENTS] = np.array(json.dumps(self._contents(reason)))
        with Path(path).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def _exact(self) -> tuple[Mapping[int, Mapping[str, Array]], str]:
        """Return the answers in float64 to the runs that may decide, or why not."""
        found = {}
        try:
            with self.reference.unchanged():
                answer = self.reference.exact()
                for index, (case, answers) in enumerate(self._runs):
                    if is_decisive(case):
                        outputs = answer(case.inputs)
                        found[index] = {name: outputs[name] for name in answers}
        except NoTwinError as error:
            return {}, str(error)
        except Exception as error:  # whatever the code of the model raises
            return {}, f"the copy fails: {error}"
        return found, ""

    def _contents(self, reason: str) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "precision": self.reference.precision,
            "standalone": self.reference.standalone,
            "inputs": [one.name for one in self.reference.signature.inputs],
            "dtypes": self._outputs,
            "drawn": self._drawn,
            "no_float64": reason,
            "runs": [
                {
                    "name": case.name,
                    "kind": case.kind,
                    "role": case.role,
                    "random": case.random,
                    "ordinary": case.ordinary,
                }
                for case, _ in self._runs
            ],
        }
