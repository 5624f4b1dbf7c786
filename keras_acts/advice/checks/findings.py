"""What a check finds, as data and as text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_acts.advice.sources import Source

WARNING, INFO = "warning", "info"
SEVERITIES = (WARNING, INFO)
"""`"warning"`: very likely a mistake. `"info"`: worth a thought."""

_WIDTH = 80


@dataclass(frozen=True)
class Finding:
    """A piece of advice on one layer.

    Attributes:
        rule: Name of the rule, `"softmax_over_one_unit"`.
        severity: `"warning"` or `"info"`.
        path: The layer, with those around it: `"encoder/dense_1"`.
        message: What is there.
        reason: What is wrong with it.
        sources: The publications that say so; empty where a test shows it.
        remedy: What to do.
    """

    rule: str
    severity: str
    path: str
    message: str
    reason: str
    sources: tuple[Source, ...]
    remedy: str

    def to_dict(self) -> dict[str, Any]:
        """Return the finding in JSON's types."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "path": self.path,
            "message": self.message,
            "reason": self.reason,
            "sources": [source.to_dict() for source in self.sources],
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class CheckReport:
    """The advice on a model.

    Attributes:
        model: The model's name.
        findings: Warnings first, then in the order of the layers.
        layers: How many calls of layers and operations were looked at.
        opaque: Paths of layers whose inner calls couldn't be followed, with the reason;
            what is in them was looked at a layer at a time.
    """

    model: str
    findings: tuple[Finding, ...]
    layers: int
    opaque: tuple[tuple[str, str], ...] = ()

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that are very likely mistakes."""
        return tuple(one for one in self.findings if one.severity == WARNING)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the report in JSON's types."""
        return {
            "model": self.model,
            "layers": self.layers,
            "findings": [one.to_dict() for one in self.findings],
            "opaque": dict(self.opaque),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the report as JSON, and save it where a path is given."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(f"{text}\n", encoding="utf-8")
        return text

    def __str__(self) -> str:
        warnings = len(self.warnings)
        counts = [
            _counted(self.layers, "call") + " looked at",
            _counted(warnings, "warning"),
            _counted(len(self.findings) - warnings, "hint"),
        ]
        lines = [f"{self.model}: {', '.join(counts)}"]
        for one in self.findings:
            said = " ".join(f"[{s.authors} {s.year}]" for s in one.sources)
            lines += ["", f"{one.severity:<8} {one.path}  ({one.rule})"]
            lines += [_indented(x) for x in (f"{one.message} {one.reason} {said}",)]
            lines.append(_indented(f"→ {one.remedy}"))
        for path, reason in self.opaque:
            lines += ["", f"The calls inside {path} can't be followed: {reason}"]
        return "\n".join(lines)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _indented(text: str) -> str:
    return textwrap.fill(
        text.strip(),
        _WIDTH,
        initial_indent=" " * 9,
        subsequent_indent=" " * 9,
        break_long_words=False,
        break_on_hyphens=False,
    )
