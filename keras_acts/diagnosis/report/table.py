"""A diagnosis as a table of at most 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from keras_acts.diagnosis.report.results import (
    ActivationStatistics,
    Diagnosis,
    Finding,
    LayerGradients,
)

WIDTH = 80

Row = tuple[str, ...]


def table(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as text: the verdict, the statistics, what to do."""
    parts = [_head(diagnosis)]
    if diagnosis.activations:
        rows = [activation_row(one) for one in diagnosis.activations]
        parts.append(_grid(ACTIVATION_HEAD, rows, left=2))
    if diagnosis.layers:
        rows = [layer_row(one) for one in diagnosis.layers]
        parts.append(_grid(LAYER_HEAD, rows, left=2))
    parts += [_finding(one) for one in diagnosis.findings]
    if diagnosis.uncovered:
        parts.append(_uncovered(diagnosis))
    return "\n\n".join(parts)


def _head(diagnosis: Diagnosis) -> str:
    loss = "" if diagnosis.loss is None else f", loss {number(diagnosis.loss)}"
    verdict = textwrap.fill(f"Diagnosis: {diagnosis.verdict}", WIDTH)
    return f"{verdict}\n{counted(diagnosis)}{loss}, on {diagnosis.backend}"


def counted(diagnosis: Diagnosis) -> str:
    """Return how many samples and batches there were."""
    samples, batches = diagnosis.samples, diagnosis.batches
    return (
        f"{samples:,} sample{'s' * (samples != 1)} in "
        f"{batches:,} batch{'es' * (batches != 1)}"
    )


ACTIVATION_HEAD = (
    *("activation", "function", "units", "dead", "low", "high", "zero"),
    *("mean", "sd"),
)
LAYER_HEAD = ("layer", "class", "gradient", "/weights", "update", "/weights")


def activation_row(one: ActivationStatistics) -> Row:
    """Return the columns of an activation."""
    return (
        one.name,
        one.kind,
        str(one.units),
        *map(percent, (one.dead, one.saturated_low, one.saturated_high, one.sparsity)),
        number(one.mean),
        number(one.deviation),
    )


def layer_row(one: LayerGradients) -> Row:
    """Return the columns of a layer."""
    values = one.gradient, one.relative_gradient, one.update, one.relative_update
    return (one.name, one.kind, *map(number, values))


def percent(share: float | None) -> str:
    """Return a share in percent; a dash for none."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "<1%"
    return f"{100 * share:.0f}%" if share < 0.995 or share == 1 else ">99%"


def number(value: float | None) -> str:
    """Return a number in three digits; a dash for none."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.2g}"


def _grid(head: Row, rows: Sequence[Row], *, left: int) -> str:
    """Return rows under a head, the first columns left-aligned and cut to fit."""
    sizes = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    gaps = 2 * (len(head) - 1)
    sizes[1] = min(sizes[1], 12)
    sizes[0] = min(sizes[0], WIDTH - sum(sizes[1:]) - gaps)
    return "\n".join(
        line for row in [head, *rows] for line in _lines(row, sizes, left=left)
    )


def _lines(row: Row, sizes: Sequence[int], *, left: int) -> Iterator[str]:
    """Yield a row's lines: a long name goes on in the next ones."""
    cells = [_folded(cell, size) for cell, size in zip(row, sizes, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        aligned = [
            part.ljust(size) if i < left else part.rjust(size)
            for i, (part, size) in enumerate(zip(parts, sizes, strict=True))
        ]
        yield "  ".join(aligned).rstrip()


def _folded(cell: str, size: int) -> list[str]:
    """Break a long name behind a slash, else within words, else where it has to be."""
    found = []
    for line in _packed(re.split(r"(?<=/)", cell), size):
        words = re.split(r"(?<=[._ ])", line)
        cut = [x[i : i + size] for x in words for i in range(0, max(len(x), 1), size)]
        found += _packed(cut, size)
    return found


def _packed(parts: Sequence[str], size: int) -> list[str]:
    """Return lines of as many parts as fit, one at least."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > size:
            lines.append("")
        lines[-1] += part
    return lines


def _finding(one: Finding) -> str:
    where = ", ".join(one.where[:4]) + (" …" if len(one.where) > 4 else "")
    lines = [
        _wrapped(f"{one.kind.capitalize()} in {where}: {one.message}", ""),
        *(_wrapped(x.replace("`", ""), "  - ") for x in one.remedy),
        _wrapped("Sources: " + "; ".join(one.sources), "  "),
    ]
    return "\n".join(lines)


def _wrapped(text: str, bullet: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet) or "  ",
        break_on_hyphens=False,
    )


def _uncovered(diagnosis: Diagnosis) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in diagnosis.uncovered.items():
        by_reason.setdefault(reason, []).append(name)
    return "\n".join(
        _wrapped(f"Not watched, as {reason}: {', '.join(names)}", "")
        for reason, names in by_reason.items()
    )
