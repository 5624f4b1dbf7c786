"""The tables of docs/choosing.md, made of the data that the advice is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keras_acts import catalogue
from keras_acts.advice import questions
from keras_acts.advice.checks.rules import RULES
from keras_acts.advice.claims import CLAIMS
from keras_acts.advice.gains import REFUSED, gain_of
from keras_acts.advice.initializers import OF_ACTIVATION
from keras_acts.advice.remedies import REMEDIES
from keras_acts.advice.sources import SOURCES, Source
from keras_acts.advice.suggesting import suggest


def tables() -> Mapping[str, str]:
    """Return each table as Markdown, by the name of its markers in the page."""
    return {
        "outputs": _outputs(),
        "networks": _places("network", questions.NETWORKS),
        "constraints": _places("constraint", questions.CONSTRAINTS),
        "gains": _gains(),
        "rules": _rules(),
        "remedies": _remedies(),
        "claims": _claims(),
        "sources": _sources(),
    }


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cited(sources: Iterable[Source]) -> str:
    return "; ".join(f"{one.authors} {one.year}" for one in sources)


def _outputs() -> str:
    rows = []
    for task, meaning in questions.TASKS.items():
        for one in suggest(task=task).suggestions:
            losses = [f"`{x.removeprefix('keras.losses.')}`" for x in one.losses]
            name, what = (f"`{task}`", meaning) if one.rank == 1 else ("", "")
            notes = " ".join(one.notes)
            rows.append([name, what, one.activation, ", ".join(losses), notes])
    return _table(("task", "target", "output", "loss", "note"), rows)


def _places(argument: str, values: Mapping[str, str]) -> str:
    rows = []
    for name, meaning in values.items():
        found = suggest(**{argument: name})
        best = [one.activation for one in found.suggestions][:4]
        reasons = " ".join(claim.text for claim in found.suggestions[0].reasons)
        cited = _cited(
            dict.fromkeys(
                source
                for claim in found.suggestions[0].reasons
                for source in claim.sources
            )
        )
        rows.append([f"`{name}`", meaning, ", ".join(best), f"{reasons} ({cited})"])
    return _table((argument, "meaning", "take, the best first", "why the first"), rows)


def _gains() -> str:
    rows = []
    for name in catalogue.activations():
        if name in REFUSED:
            continue
        found = gain_of(name)
        rule = OF_ACTIVATION.get(name, "moment")
        keeps = "yes" if found.steady else "no"
        numbers = (found.mean, found.second_moment, found.gain, found.sensitivity)
        rows.append([name, *(f"{x:.3f}" for x in numbers), keeps, rule])
    head = ("activation", "mean", "second moment", "gain", "sensitivity")
    return _table((*head, "keeps a deep stack", "rule"), rows)


def _rules() -> str:
    rows = [
        [f"`{one.name}`", one.severity, one.about, one.remedy, _cited(one.sources)]
        for one in RULES.values()
    ]
    return _table(("rule", "severity", "finds", "what to do", "source"), rows)


def _remedies() -> str:
    rows = [
        [f"`{one.key}`", one.ailment, " ".join(one.advice), _cited(one.sources)]
        for one in REMEDIES.values()
    ]
    return _table(("ailment", "what it is", "what helps", "source"), rows)


def _claims() -> str:
    rows = [
        [
            one.text,
            f"`{one.test.partition('::')[2]}`" if one.test else "",
            _cited(one.sources),
        ]
        for one in CLAIMS.values()
    ]
    return _table(("claim", "test", "source"), rows)


def _sources() -> str:
    ordered = sorted(SOURCES.values(), key=lambda one: (one.authors, one.year))
    return "\n".join(f"- {one}." for one in ordered)
