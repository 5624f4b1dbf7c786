"""A diagnosis as data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

FilePath = str | PathLike[str]


@dataclass(frozen=True)
class Units:
    """The statistics of each unit of an activation: of a neuron, or of a channel.

    Attributes:
        sparsity: The share of outputs that are exactly 0.
        saturated_low: The share of inputs in the flat part on the left; None where the
            function has no such part, or none that depends on one input.
        saturated_high: The same on the right.
        mean: The mean of the outputs.
        deviation: Their standard deviation.
        dead: Whether it gave 0 and passed no gradient for any sample; None where that
            isn't known, as of softmax.
    """

    sparsity: tuple[float, ...]
    saturated_low: tuple[float, ...] | None
    saturated_high: tuple[float, ...] | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    dead: tuple[bool, ...] | None


@dataclass(frozen=True)
class ActivationStatistics:
    """What an activation did on the data.

    Attributes:
        name: The names of the layers around it, with "/" between them.
        kind: The activation.
        units: How many units it has.
        dead: The share of units that gave 0 and passed no gradient for any sample;
            None where that isn't known.
        saturated_low: The share of inputs where the function is flat on the left; None
            where it is not flat there, or no function of single elements.
        saturated_high: The same on the right.
        sparsity: The share of outputs that are exactly 0.
        mean: The mean of all outputs.
        deviation: Their standard deviation.
        is_output: Whether it gives an output of the model.
        by_unit: The same for each unit.
        in_cell: Whether the cell of a recurrent layer calls it, at each step.
    """

    name: str
    kind: str
    units: int
    dead: float | None
    saturated_low: float | None
    saturated_high: float | None
    sparsity: float
    mean: float
    deviation: float
    is_output: bool
    by_unit: Units = field(repr=False)
    in_cell: bool = False

    @property
    def saturated(self) -> float | None:
        """The share of inputs where the function is flat, on either side."""
        sides = [x for x in (self.saturated_low, self.saturated_high) if x is not None]
        return sum(sides) if sides else None

    @property
    def scale(self) -> float:
        """The root of the mean square of the outputs: the size of the signal."""
        return math.hypot(self.mean, self.deviation)

    @property
    def zero_centred(self) -> bool:
        """Whether the mean is within a fifth of the deviation from 0."""
        return abs(self.mean) <= 0.2 * self.deviation

    @property
    def normalized(self) -> bool:
        """Whether mean and deviation are about 0 and 1, as SELU keeps them."""
        return abs(self.mean) <= 0.25 and 0.7 <= self.deviation <= 1.4


@dataclass(frozen=True)
class LayerGradients:
    """How large the gradients and the next update of a layer's weights are.

    Attributes:
        name: The names of the layers around it, with "/" between them.
        kind: The layer's class.
        parameters: How many trainable numbers it has.
        weight: The Euclidean norm of its weights.
        gradient: The norm of their gradient, the mean over the batches; None where the
            loss doesn't depend on them.
        update: The norm of the change that the optimizer, in its present state, would
            make with the gradient of the last batch; None without an optimizer.
    """

    name: str
    kind: str
    parameters: int
    weight: float
    gradient: float | None
    update: float | None

    @property
    def relative_gradient(self) -> float | None:
        """The gradient as a share of the weights."""
        return _ratio(self.gradient, self.weight)

    @property
    def relative_update(self) -> float | None:
        """The update as a share of the weights."""
        return _ratio(self.update, self.weight)


@dataclass(frozen=True)
class Finding:
    """Something that keeps a network from training, and what to do about it.

    Attributes:
        kind: Which disease, such as `"dead units"`.
        where: The names of the activations or layers.
        message: What was measured, in a sentence.
        remedy: What to try, in order.
        sources: Where the remedy is from: the publications.
    """

    kind: str
    where: tuple[str, ...]
    message: str
    remedy: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    """What was found about a model on data.

    Attributes:
        backend: The backend that computed it.
        samples: How many samples were looked at.
        batches: In how many batches.
        loss: The mean loss of the batches; None without gradients.
        saturated_below: The share of the largest slope below which a function counts as
            saturated.
        activations: What each activation did, in the model's order.
        layers: The gradients of the layers that have weights, in the order in which
            they are called; empty if they weren't measured.
        findings: What is wrong; empty for a healthy network.
        uncovered: Why other activations were not watched, by name.
    """

    backend: str
    samples: int
    batches: int
    loss: float | None
    saturated_below: float
    activations: tuple[ActivationStatistics, ...]
    layers: tuple[LayerGradients, ...]
    findings: tuple[Finding, ...]
    uncovered: Mapping[str, str]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """What was found, in a sentence."""
        if self.healthy:
            return "healthy: nothing found that keeps the network from training"
        kinds = dict.fromkeys(one.kind for one in self.findings)
        return "sick: " + ", ".join(kinds)

    def __getitem__(self, name: str) -> ActivationStatistics:
        """Return the statistics of an activation by its name."""
        for one in self.activations:
            if one.name == name:
                return one
        raise KeyError(f"{name!r} is none of {[x.name for x in self.activations]}")

    def __str__(self) -> str:
        """Return the table."""
        from keras_acts.diagnosis.report.table import table

        return table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as what JSON holds; NaN and infinities as strings."""
        content: dict[str, Any] = plain(
            {"verdict": self.verdict, "healthy": self.healthy, **asdict(self)}
        )
        return content

    def to_json(self, path: FilePath | None = None) -> str:
        """Return the diagnosis as JSON, and write it to a file if one is named."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(f"{text}\n", encoding="utf-8")
        return text

    def to_html(self, path: FilePath | None = None) -> str:
        """Return the diagnosis as one HTML page, and write it if a file is named."""
        from keras_acts.diagnosis.report.page import page

        text = page(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def heatmap(self, value: str = "sparsity", path: FilePath | None = None) -> Any:
        """Draw the units of each activation as a row of colours.

        Args:
            value: `"sparsity"`, `"dead"`, `"saturated_low"`, `"saturated_high"`,
                `"mean"` or `"deviation"`.
            path: A file to write, `.png` or `.svg`; None for none.

        Returns:
            The figure of matplotlib.

        Raises:
            ValueError: There is no such value.
            ImportError: matplotlib is not installed.
        """
        from keras_acts.diagnosis.report.pictures import unit_heatmap

        return unit_heatmap(self, value, path)


def _ratio(one: float | None, other: float) -> float | None:
    return None if one is None or other == 0 else one / other


def plain(value: Any) -> Any:
    """Return what JSON can hold: its standard has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
