"""What `suggest` returns, as data and as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from keras_acts.advice import questions
from keras_acts.advice.claims import Claim

WIDTH = 80
"""Columns of the text."""


@dataclass(frozen=True)
class Suggestion:
    """One activation for one place in a network.

    Attributes:
        rank: 1 for the first choice; of those to avoid, 1 for the worst.
        role: `"output"` or `"hidden"`.
        case: The task, or the kind of network.
        activation: Name of the activation in the catalogue.
        initializer: Its kernel initializer: Keras's name of it, or the call that
            returns it.
        losses: The losses that belong to it, as they are written; empty for hidden
            layers.
        units: How many units an output has; None for hidden layers.
        reasons: Why.
        notes: What to do besides.
    """

    rank: int
    role: str
    case: str
    activation: str
    initializer: str
    losses: tuple[str, ...]
    units: str | None
    reasons: tuple[Claim, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the suggestion in JSON's types."""
        return {
            "rank": self.rank,
            "role": self.role,
            "case": self.case,
            "activation": self.activation,
            "layer": f"keras_acts.layers.{self.activation}",
            "initializer": self.initializer,
            "losses": list(self.losses),
            "units": self.units,
            "reasons": [one.to_dict() for one in self.reasons],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Advice:
    """An answer of `suggest`.

    Attributes:
        asked: The arguments that were given, by name.
        suggestions: What to take, by place the best first.
        avoid: What not to take, by place the worst first.
        notes: What else to know of the question.
    """

    asked: Mapping[str, Any]
    suggestions: tuple[Suggestion, ...]
    avoid: tuple[Suggestion, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the advice in JSON's types, and without a question what to ask."""
        answer: dict[str, Any] = {
            "asked": dict(self.asked),
            "suggestions": [one.to_dict() for one in self.suggestions],
            "avoid": [one.to_dict() for one in self.avoid],
            "notes": list(self.notes),
        }
        if not self.asked:
            answer["questions"] = {
                name: dict(values) for name, values in _QUESTIONS.items()
            }
        return answer

    def __str__(self) -> str:
        return _overview(self) if not self.asked else _detailed(self)


_QUESTIONS: Mapping[str, Mapping[str, Any]] = {
    "task": questions.TASKS,
    "role": questions.ROLES,
    "network": questions.NETWORKS,
    "depth": questions.DEPTHS,
    "constraint": questions.CONSTRAINTS,
}


def _overview(advice: Advice) -> str:
    """Return a line a place: the first choices and the loss."""
    lines = ["output, by task"]
    outputs = [one for one in advice.suggestions if one.role == "output"]
    for task, rows in groupby(outputs, key=lambda one: one.case):
        first = next(rows)
        loss = first.losses[0].removeprefix("keras.losses.")
        lines.append(f"  {task:<20} {first.activation:<12} {loss}")
    lines += ["", "hidden layers, by network"]
    hidden = [one for one in advice.suggestions if one.role == "hidden"]
    for network, rows in groupby(hidden, key=lambda one: one.case):
        names = [one.activation for one in rows][:4]
        lines.append(f"  {network:<20} {', '.join(names)}")
    lines += ["", "Ask for reasons, sources and initializers by any of"]
    for name, values in _QUESTIONS.items():
        given = (
            f"a number, {', '.join(values)}" if name == "depth" else ", ".join(values)
        )
        lines.append(_wrapped(given, f"  {name:<11}", " " * 13))
    return "\n".join(lines)


def _detailed(advice: Advice) -> str:
    parts = []
    groups = groupby(advice.suggestions, key=lambda one: (one.role, one.case))
    for (role, case), rows in groups:
        parts.append(f"{role}: {case.replace('_', ' ')}")
        parts += [_entry(one, f"{one.rank}.") for one in rows]
    if advice.avoid:
        parts.append("avoid")
        parts += [_entry(one, "-", short=True) for one in advice.avoid]
    parts += [_wrapped(note, "", "") for note in advice.notes]
    everything = (*advice.suggestions, *advice.avoid)
    named = {x for one in everything for claim in one.reasons for x in claim.sources}
    cited = sorted(named, key=lambda source: (source.authors, source.year))
    parts.append("\n".join(_wrapped(f"{one}.", "", "    ") for one in cited))
    return "\n\n".join(parts)


def _entry(one: Suggestion, mark: str, *, short: bool = False) -> str:
    """Return a suggestion: its name, what belongs to it, and the reasons."""
    lines = [f"{mark:<3} {one.activation}"]
    facts = {} if short else {"loss": " or ".join(one.losses), "units": one.units}
    if not short:
        facts["initializer"] = one.initializer
    for label, fact in facts.items():
        if fact:
            lines.append(_wrapped(fact, f"    {label:<12}", " " * 16))
    lines += [_wrapped(str(claim), "    ", "    ") for claim in one.reasons]
    lines += [_wrapped(note, "    ", "    ") for note in one.notes]
    return "\n".join(lines)


def _wrapped(text: str, first: str, other: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=other,
        break_long_words=False,
        break_on_hyphens=False,
    )
