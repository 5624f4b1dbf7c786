"""What was found while a network was trained, one diagnosis after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_acts.diagnosis.report.results import Diagnosis, FilePath, plain

ACTIVATION_VALUES = (
    *("dead", "sparsity", "saturated", "saturated_low", "saturated_high"),
    *("mean", "deviation"),
)
LAYER_VALUES = ("gradient", "relative_gradient", "update", "relative_update")


@dataclass(frozen=True)
class Snapshot:
    """A diagnosis during training.

    Attributes:
        step: After how many batches of training it was made.
        epoch: In which epoch, from 0 on.
        diagnosis: What was found.
    """

    step: int
    epoch: int
    diagnosis: Diagnosis


@dataclass(frozen=True)
class DiagnosisHistory:
    """Diagnoses of a network while it was trained.

    Attributes:
        snapshots: The diagnoses in order, the first before training.
    """

    snapshots: tuple[Snapshot, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found at any time."""
        return all(one.diagnosis.healthy for one in self.snapshots)

    @property
    def steps(self) -> tuple[int, ...]:
        """After how many batches of training each diagnosis was made."""
        return tuple(one.step for one in self.snapshots)

    def onset(self) -> dict[str, int]:
        """Return at which step each disease was first found, by its kind."""
        found: dict[str, int] = {}
        for one in self.snapshots:
            for finding in one.diagnosis.findings:
                found.setdefault(finding.kind, one.step)
        return found

    def series(self, value: str) -> dict[str, tuple[float | None, ...]]:
        """Return a statistic of each activation or layer at each step.

        Args:
            value: `"dead"`, `"sparsity"`, `"saturated"`, `"saturated_low"`,
                `"saturated_high"`, `"mean"` or `"deviation"` of activations;
                `"gradient"`, `"relative_gradient"`, `"update"` or
                `"relative_update"` of layers.

        Returns:
            One number a step, by name; None where there is none.

        Raises:
            ValueError: There is no such value.
        """
        known = (*ACTIVATION_VALUES, *LAYER_VALUES)
        if value not in known:
            raise ValueError(
                f"`value` must be one of {', '.join(map(repr, known))}. "
                f"Received: value={value!r}"
            )
        kind = "activations" if value in ACTIVATION_VALUES else "layers"
        tables = [
            {row.name: getattr(row, value) for row in getattr(one.diagnosis, kind)}
            for one in self.snapshots
        ]
        names = dict.fromkeys(name for one in tables for name in one)
        return {name: tuple(one.get(name) for one in tables) for name in names}

    def __str__(self) -> str:
        """Return a line for each diagnosis, and the table of the last one."""
        if not self.snapshots:
            return "no diagnosis yet"
        lines = [
            f"step {one.step:>6,}: {one.diagnosis.verdict}" for one in self.snapshots
        ]
        return "\n".join([*lines, "", str(self.snapshots[-1].diagnosis)])

    def to_dict(self) -> dict[str, Any]:
        """Return the history as what JSON holds; NaN and infinities as strings."""
        content: dict[str, Any] = plain(
            {
                "healthy": self.healthy,
                "onset": self.onset(),
                "snapshots": [
                    {
                        "step": one.step,
                        "epoch": one.epoch,
                        "diagnosis": one.diagnosis.to_dict(),
                    }
                    for one in self.snapshots
                ],
            }
        )
        return content

    def to_json(self, path: FilePath | None = None) -> str:
        """Return the history as JSON, and write it to a file if one is named."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(f"{text}\n", encoding="utf-8")
        return text

    def heatmap(self, value: str = "dead", path: FilePath | None = None) -> Any:
        """Draw a statistic of all layers over the steps of training.

        Args:
            value: As `series` takes it.
            path: A file to write, `.png` or `.svg`; None for none.

        Returns:
            The figure of matplotlib.

        Raises:
            ValueError: There is no such value, or nothing was looked at yet.
            ImportError: matplotlib is not installed.
        """
        from keras_acts.diagnosis.report.pictures import step_heatmap

        return step_heatmap(self, value, path)
