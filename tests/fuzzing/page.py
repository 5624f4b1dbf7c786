"""Writes `docs/fuzzing.md` from the logs.

    PYTHONPATH=.:tests python -m fuzzing.page LOG…

sums logs of `python -m fuzzing --log` up in `tests/fuzzing/log.json`, of which the page
is made; without one it writes the page anew.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fuzzing.check import BROKEN, REFUSED, RIGHT, ROUNDING, UNTYPED, WRONG, Result
from fuzzing.vocabulary import layer_rows, operations
from keras_acts.export.convert import coverage
from support.process import ROOT

SUMMARY = Path(__file__).with_name("log.json")
PAGE = ROOT / "docs" / "fuzzing.md"
OUTCOMES = (RIGHT, REFUSED, ROUNDING, WRONG, BROKEN, UNTYPED)

_INTRODUCTION = """\
# Random models

Made by `PYTHONPATH=.:tests python -m fuzzing.page` from the log of the last run. A
generator (`tests/fuzzing/`) draws models of up to six steps: operations of
`keras.ops`, layers of Keras and of this package, Python operators, and custom layers
whose code reads sizes; with known and unknown sizes, several dtypes, as functional
models, subclassed ones and functions, for each opset and target. Each is exported
natively with random weights, and run in onnxruntime on up to three sets of sizes. What
Keras answers is right.

```bash
PYTHONPATH=.:tests python -m fuzzing --backend torch --seed 0 --count 100
```

A number repeats its model on a backend. One that isn't right is cut down to the steps
that it takes, and printed. `pytest` checks a few models a backend, `.ci/run` 100, and
`.ci/nightly` 2,000 over all.
"""


def summed(paths: Iterable[Path]) -> dict[str, Any]:
    """Sum logs up; of a model that is there twice, the last counts."""
    models: dict[tuple[str, int], dict[str, Any]] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            models[one["backend"], one["seed"]] = one
    outcomes: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    drawn: dict[str, Counter[str]] = {}
    for one in models.values():
        outcomes.setdefault(one["backend"], Counter())[one["outcome"]] += 1
        if one["outcome"] == REFUSED:
            reasons[_reason(one["reason"])] += 1
        for kind in ("operations", "layers", "activations", "custom"):
            drawn.setdefault(kind, Counter()).update(one[kind])
    return {
        "outcomes": {k: dict(v) for k, v in sorted(outcomes.items())},
        "reasons": dict(reasons.most_common()),
        "drawn": {k: dict(sorted(v.items())) for k, v in drawn.items()},
    }


def _reason(text: str) -> str:
    """Return the kind of a refusal."""
    text = text.partition(" Received: TypeError")[0]
    text = text.split("Write the layer with")[0].split("Received: ")[0]
    return Result(REFUSED, text.strip()).kind


def page() -> str:
    """Return the page."""
    found = json.loads(SUMMARY.read_text(encoding="utf-8"))
    parts = [_INTRODUCTION, _outcomes(found["outcomes"]), _drawn(found["drawn"])]
    parts += [_refusals(found["reasons"])]
    return "\n".join(parts)


def _outcomes(outcomes: dict[str, dict[str, int]]) -> str:
    lines = [
        "## What came of them\n",
        f"| backend | models | {' | '.join(OUTCOMES)} |",
        "|---|" + "---:|" * (len(OUTCOMES) + 1),
    ]
    total: Counter[str] = Counter()
    for backend, counts in outcomes.items():
        lines.append(_row(backend, counts))
        total.update(counts)
    lines.append(_row("all", total))
    lines.append(
        "\n*Rounding decides*: the file answers otherwise, and so does Keras where the "
        "last\nbits of a step's result are changed, as in the sign of a difference "
        "that is 0.\n"
    )
    return "\n".join(lines)


def _row(name: str, counts: Any) -> str:
    numbers = [sum(counts.values()), *(counts.get(x, 0) for x in OUTCOMES)]
    return f"| {name} | {' | '.join(f'{n:,}' for n in numbers)} |"


def _drawn(drawn: dict[str, dict[str, int]]) -> str:
    lines = ["## What they are made of\n"]
    for kind, rows, without in (
        ("operations", coverage.operations(), operations.WITHOUT),
        ("layers", coverage.layer_rows(), layer_rows.WITHOUT),
    ):
        names = [row.name for row in rows]
        there = [name for name in names if name in drawn[kind]]
        lines.append(
            f"{len(there)} of the {len(names)} {kind} in "
            f"[what exports](coverage.md) were drawn, "
            f"{100 * len(there) / len(names):.0f} %.\n"
        )
        never = [x for x in names if x not in drawn[kind] and x not in without]
        left = [f"`{name}` {why}" for name, why in without.items() if name in names]
        lines.append(f"Left out: {'; '.join(left)}.\n")
        if never:
            lines.append(f"Not drawn yet: {', '.join(f'`{x}`' for x in never)}.\n")
    ours, custom = len(drawn["activations"]), len(drawn["custom"])
    lines.append(
        f"Beside them {ours} activations of ours, and {custom} custom layers.\n"
    )
    return "\n".join(lines)


def _refusals(reasons: dict[str, int]) -> str:
    lines = ["## Why some were refused\n", "| models | reason |", "|---:|---|"]
    lines += [f"| {n} | {_cell(reason)} |" for reason, n in reasons.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def main(paths: list[str]) -> None:
    """Sum logs up if there are some, and write the page."""
    if paths:
        text = json.dumps(summed(map(Path, paths)), indent=1) + "\n"
        SUMMARY.write_text(text, encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
