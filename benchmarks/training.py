"""A training step of each activation: forward and backward, compiled and eager.

    KERAS_BACKEND=torch python -m benchmarks.training
    python -m benchmarks.training            # each backend, in its own process

Each layer against Keras's own layer or the backend's own function where there is one,
and against the composition that a paper's formula suggests where there is none.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from benchmarks.environment import BACKENDS, RESULTS, kept, load, save

ELEMENTS = 1 << 20


def rows(names: list[str]) -> list[dict[str, Any]]:
    """Measure in this process, under its backend."""
    import keras
    import numpy as np

    from benchmarks import rivals, steps
    from benchmarks.timing import compare
    from keras_acts import catalogue

    x = np.random.default_rng(0).normal(0, 2, (ELEMENTS // 64, 64)).astype("float32")
    found = []
    for name, rival in rivals.rivals().items():
        if names and name not in names:
            continue
        ours = catalogue.activations()[name].layer(**rival.arguments)
        for mode, step in steps.modes().items():
            contestants: dict[str, Callable[[], Any]] = {
                "ours": step(ours, x),
                "rival": step(rival.make(), x),
            }
            times = compare(contestants, block_seconds=0.1)
            found.append(
                {
                    "activation": name,
                    "backend": keras.backend.backend(),
                    "mode": mode,
                    "rival": rival.name,
                    "milliseconds": round(times.median("ours") * 1e3, 3),
                    "against": times.ratio("ours", "rival").to_list(),
                }
            )
    return found


def key(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return what a row measures."""
    return row["activation"], row["backend"], row["mode"]


def main(
    names: Annotated[str, typer.Option(help="Activations, by commas; all.")] = "",
    add: Annotated[
        bool, typer.Option(help="Keep earlier rows that are not measured anew.")
    ] = False,
) -> None:
    """Time a training step of each layer under each backend."""
    chosen = [name for name in names.split(",") if name]
    if os.environ.get("KERAS_BACKEND"):
        backend = os.environ["KERAS_BACKEND"]
        print(save(f"training-{backend}", rows(chosen), elements=ELEMENTS))
        return
    together = []
    for backend in BACKENDS:
        environment = {**os.environ, "KERAS_BACKEND": backend}
        command = [sys.executable, "-m", "benchmarks.training", "--names", names]
        subprocess.run(command, env=environment, check=True)
        part = f"training-{backend}"
        together += load(part)["rows"]
        (RESULTS / f"{part}.json").unlink()
    if add:
        together += kept("training", together, key)
    print(save("training", sorted(together, key=key), elements=ELEMENTS))


if __name__ == "__main__":
    typer.run(main)
