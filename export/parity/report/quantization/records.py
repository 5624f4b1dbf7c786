"""What `quantize` returns: frozen records that print as a table and save as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keras_acts.export.parity.report.plain import plain

Status = Literal["agrees", "differs", "not proven"]


@dataclass(frozen=True)
class OutputAnswers:
    """One output of the quantized file beside that of the model.

    Attributes:
        name: Its name.
        agrees: Whether it is within the bound: that of classes where it has them, of
            the error otherwise.
        error: Root mean square error, as a share of the output's root mean square.
        max_abs: The largest error of an element.
        elements: Elements compared.
        not_finite: Elements that are finite in the model alone.
        classes: Rows that name a class; 0 if the output is numbers.
        classes_agreed: Those of which the class is the same.
        agreement: Their share; None if the output is numbers.
        interval: The 95 % confidence interval of the share (Wilson).
    """

    name: str
    agrees: bool
    error: float
    max_abs: float
    elements: int
    not_finite: int = 0
    classes: int = 0
    classes_agreed: int = 0
    agreement: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class NodeError:
    """The error of a node's result, with all before it quantized as well.

    Attributes:
        name: The node.
        operator: Its operator.
        error: Root mean square error as a share of the result's own; the median of
            the runs.
    """

    name: str
    operator: str
    error: float


@dataclass(frozen=True)
class KeptNode:
    """A node whose weights are still floats.

    Attributes:
        name: The node.
        operator: Its operator.
        bytes: The size of these weights.
        reason: Why they are.
    """

    name: str
    operator: str
    bytes: int
    reason: str


@dataclass(frozen=True)
class Trial:
    """A step of the search for nodes that are left in float.

    Attributes:
        kept: How many were left in float.
        disagreement: The share of classes that differ, of the worst output.
        error: The error of the worst output.
    """

    kept: int
    disagreement: float
    error: float


@dataclass(frozen=True)
class Speed:
    """Times of both files in turn, on the same inputs and all processors.

    Attributes:
        samples: The samples of a run.
        before_ms: The median time of the model in float, in milliseconds.
        after_ms: That of the quantized file.
        ratio: The median of the second by the first, pair by pair.
        quartiles: The quartiles of that ratio.
        runs: The number of pairs.
    """

    samples: int
    before_ms: float
    after_ms: float
    ratio: float
    quartiles: tuple[float, float]
    runs: int


@dataclass(frozen=True, kw_only=True)
class QuantizationReport:
    """What a quantization cost in answers, and what it gained.

    Attributes:
        status: `"agrees"`: the answers are within the bounds on the user's data;
            `"differs"`: they are not; or `"not proven"`: they are within the bounds,
            but on generated inputs, which say little of real ones.
        mode: What was asked for.
        method: What was done, in words; the file's metadata have it too.
        measured_on: What the answers were measured on, in words.
        samples: The number of samples of it.
        outputs: One record for each output.
        bytes_before: The size of the model, weights beside it included.
        bytes_after: The size of the file written, likewise.
        speed: Times; None where they weren't asked for.
        nodes: The error of each quantized node, in the order of the graph.
        quantized: How many nodes were quantized.
        kept: Nodes with weights in float, and why.
        trials: The steps of the search for sensitive nodes, if there was one.
        min_agreement: The bound for classes.
        max_error: The bound for other outputs.
        processor: The processor that answers and times are from.
        warnings: What needs attention.
        versions: The versions of the software used.
    """

    status: Status
    mode: str
    method: str
    measured_on: str
    samples: int
    outputs: tuple[OutputAnswers, ...]
    bytes_before: int
    bytes_after: int
    speed: Speed | None = None
    nodes: tuple[NodeError, ...] = ()
    quantized: int = 0
    kept: tuple[KeptNode, ...] = ()
    trials: tuple[Trial, ...] = ()
    min_agreement: float
    max_error: float
    processor: str = ""
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether the answers are within the bounds on the user's data."""
        return self.status == "agrees"

    @property
    def size_ratio(self) -> float:
        """The size of the file by that of the model."""
        return self.bytes_after / self.bytes_before

    @property
    def summary(self) -> str:
        """What was done and what it cost, in a line."""
        costs = "; ".join(
            f"{one.name}: {100 * one.agreement:.2f} % of {one.classes} classes agree"
            if one.agreement is not None
            else f"{one.name}: error {100 * one.error:.2g} %"
            for one in self.outputs
        )
        return f"quantized ({self.method}), {self.measured_on}: {costs}"

    def to_dict(self) -> dict[str, Any]:
        """Return the report in JSON's types; NaN and infinity become strings."""
        found: dict[str, Any] = plain(self)
        return {**found, "agrees": self.agrees, "size_ratio": self.size_ratio}

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the report as JSON, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def __str__(self) -> str:
        from keras_acts.export.parity.report.quantization.table import render

        return render(self)
