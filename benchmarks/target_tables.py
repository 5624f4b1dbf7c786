"""The part of the page on targets: which are met, which are missed, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from benchmarks import reasons, targets
from benchmarks.markdown import NOTHING, item, table
from benchmarks.targets import Figure, Row, SingleTarget, Target

HEAD = """\
## Targets

A target is the largest ratio that meets it. The tables of misses show only the figures
over their targets, compared before they are rounded; where no reason is named, none is
known.
"""

SINGLE_HEAD = """\
### Single activations

Some activations have targets of their own, on one thread. Misses are bold.
"""


def section(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return what was to be reached, and what misses it.

    Args:
        rows: Those of each result that there is, by its name.
    """
    summary: list[Target] = []
    parts: list[str] = []
    if "activations" in rows:
        found = targets.of_activations(rows["activations"])
        summary += found
        alike = reasons.of_same_operators(rows["activations"], found)
        parts += misses("Activations", "activations", found, alike)
        singles = targets.of_single_activations(rows["activations"])
        parts += single_activations(singles)
    if "models" in rows:
        found = targets.of_models(rows["models"])
        summary += found
        parts += misses("Models", "models", found)
    if "training" in rows:
        found = targets.of_training(rows["training"])
        summary += found
        parts += misses("Training steps", "training", found)
    heads = ["what", "target", "met by", "largest"]
    return "\n".join([HEAD, *table(heads, map(counted, summary)), "", *parts])


def counted(target: Target) -> list[str]:
    """Return the row of the summary on one target."""
    count = len(target.figures)
    cells = [target.what, f"{target.bound:.2f}"]
    if not count:
        return [*cells, NOTHING, "not measured"]
    largest = max(figure.ratio for figure in target.figures)
    return [*cells, f"{count - len(target.missed)} of {count}", f"{largest:.2f}"]


def misses(
    title: str, name: str, found: Sequence[Target], alike: Collection[Figure] = ()
) -> list[str]:
    """Return the table of what misses targets, and the reasons.

    Args:
        title: The heading.
        name: The result that the targets are on.
        found: The targets.
        alike: Figures against a file of the same operators.
    """
    missed = by_subject(figure for target in found for figure in target.missed)
    measured = dict.fromkeys(f.column for target in found for f in target.figures)
    over = {figure.column for figures in missed.values() for figure in figures}
    columns = [column for column in measured if column in over]
    lines, used = [], []
    for subject, figures in sorted(missed.items(), key=lambda item: item[0].lower()):
        shown = {figure.column: f"{figure.ratio:.2f}" for figure in figures}
        why = reasons.explaining(name, figures, alike)
        used += why
        cells = [shown.get(column, NOTHING) for column in columns]
        lines.append([subject, *cells, labels(why)])
    if not lines:
        return [f"### {title}", "", "Nothing misses a target.", ""]
    body = table(["missed by", *columns, "why"], lines)
    return [f"### {title}", "", *body, "", *legend(used), ""]


def single_activations(found: Sequence[SingleTarget]) -> list[str]:
    """Return the table of the activations that have targets of their own."""
    columns = list(targets.SINGLE.values())
    lines, used = [], []
    for name in dict.fromkeys(target.activation for target in found):
        its_own = {
            target.other: target for target in found if target.activation == name
        }
        missed = [figure for target in its_own.values() for figure in target.missed]
        why = reasons.explaining("activations", missed)
        used += why
        cells = [cell for c in columns for cell in its_cells(its_own.get(c))]
        lines.append([name, *cells, labels(why)])
    heads = [head for column in columns for head in (f"against {column}", "target")]
    body = table(["activation", *heads, "why"], lines)
    return [SINGLE_HEAD, *body, "", *legend(used), ""]


def its_cells(target: SingleTarget | None) -> list[str]:
    """Return a measurement, bold where it is a miss, and its target."""
    if target is None:
        return [NOTHING, NOTHING]
    shown = "not measured" if target.ratio is None else f"{target.ratio:.2f}"
    return [f"**{shown}**" if target.missed else shown, f"{target.bound:.2f}"]


def by_subject(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Return figures by what was measured."""
    grouped: dict[str, list[Figure]] = {}
    for figure in figures:
        grouped.setdefault(figure.subject, []).append(figure)
    return grouped


def labels(found: Iterable[reasons.Reason]) -> str:
    """Return the names of reasons, as a table's cell."""
    return ", ".join(reason.label for reason in found) or NOTHING


def legend(found: Iterable[reasons.Reason]) -> list[str]:
    """Return each reason once, in alphabetical order of the labels."""
    unique = sorted(set(found), key=lambda reason: reason.label.lower())
    return [item(f"*{reason.label}*: {reason.why}") for reason in unique]
