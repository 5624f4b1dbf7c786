"""Runs models by number, and notes what came of each."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from fuzzing import check
from fuzzing.check import FAULTS, REFUSED, ROUNDING, Result
from fuzzing.draw import draw, words_of
from fuzzing.program import Program
from fuzzing.shrink import shrink
from support import process
from support.initial_weights import made_by_numpy

COMPILED = 2 << 30


def run(
    seeds: Iterable[int],
    log: Path | None = None,
    minutes: float | None = None,
    show: bool = False,
) -> int:
    """Draw, check and note models; return how many went wrong."""
    start = time.perf_counter()
    counted: Counter[str] = Counter()
    drawn = 0.0
    for seed in seeds:
        if minutes is not None and time.perf_counter() - start > 60 * minutes:
            break
        with made_by_numpy():  # which spares JAX to compile
            program, result, drawing = one(seed)
        counted[result.outcome] += 1
        drawn += drawing
        if show or result.outcome in (*FAULTS, ROUNDING):
            print(f"== {seed}: {result.outcome}: {result.reason[:600]}")
            print(program.source(), program.options, flush=True)
        if result.outcome == REFUSED:
            print(f"== {seed}: {result.outcome}: {result.reason[:400]}")
            print(program.source(), program.options, flush=True)
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(noted(seed, program, result, drawing)) + "\n")
        _free()
    seconds = time.perf_counter() - start
    each = max(1, sum(counted.values()))
    print(dict(counted), f"{seconds / each:.2f} s each, {drawn / each:.2f} to draw")
    return sum(counted[x] for x in FAULTS)


def one(seed: int) -> tuple[Program, Result, float]:
    """Draw and check a model; return the smallest that goes wrong as it does."""
    start = time.perf_counter()
    program = draw(seed)
    drawing = round(time.perf_counter() - start, 3)
    result = check.check(program)
    if result.outcome in FAULTS:

        def is_wrong(smaller: Program) -> bool:
            return check.check(smaller).is_like(result)

        program = shrink(program, is_wrong)
        result = check.check(program)
    return program, result, drawing


def noted(
    seed: int, program: Program, result: Result, drawing: float
) -> dict[str, Any]:
    """Return what the log keeps of a model."""
    words = {k: sorted(v) for k, v in words_of(program.text).items()}
    return {
        "backend": keras.backend.backend(),
        "seed": seed,
        "outcome": result.outcome,
        "reason": result.reason[:400],
        "seconds": result.seconds,
        "drawing": drawing,
        "form": program.form,
        "steps": len(program.steps),
        "options": dict(program.options),
        "source": program.source() if result.outcome in FAULTS else "",
        **words,
    }


def _free() -> None:
    """Free what JAX has compiled before it adds up to gigabytes."""
    if keras.backend.backend() == "jax" and process.memory() > COMPILED:
        import jax

        jax.clear_caches()
