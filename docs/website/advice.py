"""When to choose an activation, from the data behind `keras_acts.suggest`."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from keras_acts.advice import questions
from keras_acts.advice.answers import Suggestion
from keras_acts.advice.claims import Claim
from keras_acts.advice.suggesting import suggest

_ORDINALS = ("First", "Second", "Third", "Fourth")


def choosing(name: str) -> str | None:
    """Return for what an activation is advised, as Markdown; None for nothing.

    Args:
        name: Name of the layer.
    """
    found = _advised().get(name)
    if not found:
        return None
    places = "\n".join(
        f"- {_ORDINALS[one.rank - 1]} choice for `{argument}={answer!r}`: {meaning}."
        for argument, answer, meaning, one in found
    )
    claims = dict.fromkeys(claim for *_, one in found for claim in one.reasons)
    reasons = "\n".join(f"- {_cited(claim)}" for claim in claims)
    return f"{places}\n\nBecause:\n\n{reasons}\n\n{_MORE}"


_MORE = (
    "These are the answers of `keras_acts.suggest`; [Choosing](../choosing.md) has the "
    "whole advice, and the sources in full."
)

_Place = tuple[str, str, str, Suggestion]
"""An argument of `suggest`, its value and what that means, and the answer."""


@functools.cache
def _advised() -> Mapping[str, list[_Place]]:
    """Return where each activation is among the first choices."""
    found: dict[str, list[_Place]] = {}
    for argument, answers in _ASKED.items():
        for answer, meaning in answers.items():
            for one in suggest(**{argument: answer}).suggestions:
                if one.rank <= len(_ORDINALS):
                    place = argument, answer, meaning, one
                    found.setdefault(one.activation, []).append(place)
    return found


_ASKED: Mapping[str, Mapping[str, str]] = {
    "task": questions.TASKS,
    "network": questions.NETWORKS,
    "constraint": questions.CONSTRAINTS,
}


def _cited(claim: Claim) -> str:
    named = "; ".join(f"{one.authors} {one.year}" for one in claim.sources)
    return f"{claim.text} ({named})" if named else claim.text
