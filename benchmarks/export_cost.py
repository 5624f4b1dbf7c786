"""Time and memory of an export: how they grow, and against Keras's own exporter.

    python -m benchmarks.export_cost

Two rows of models: more and more layers of few weights, and few layers of more and
more weights. Each export has a process of its own; its peak memory is that above the
process that holds the model.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from benchmarks import peers
from benchmarks.environment import BACKENDS, kept, save

LAYERS = (10, 30, 100, 300, 1000)
MEGABYTES = (1, 10, 100, 1000)
REPEATS = 3


def measured(group: str, name: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Export one model by everyone, in turns; return medians."""
    runs: dict[str, list[peers.Export]] = {}
    contestants = [("keras-acts", "torch"), *(("keras", b) for b in BACKENDS)]
    for turn in range(repeats):
        for exporter, backend in contestants if turn % 2 == 0 else contestants[::-1]:
            label = exporter if exporter == "keras-acts" else backend
            path = folder / f"{label}.onnx"
            job = peers.Job(group, name, exporter, str(path))
            runs.setdefault(label, []).append(peers.export(backend, [job])[0])
            for file in folder.glob(f"{path.name}*"):
                file.unlink()
    return {label: summary(exports) for label, exports in runs.items()}


def summary(exports: list[peers.Export]) -> dict[str, Any]:
    """Return the medians of the runs of one exporter."""
    errors = [one.error for one in exports if one.error]
    if errors:
        return {"error": errors[0]}
    return {
        "seconds": round(float(np.median([one.seconds for one in exports])), 3),
        "megabytes": round(float(np.median([one.memory for one in exports])) / 1e6, 1),
    }


def key(row: dict[str, Any]) -> tuple[str, int]:
    """Return what a row measures, in the order of the table."""
    return row["group"], row["size"]


def main(
    layers: Annotated[str, typer.Option(help="Numbers of layers.")] = ",".join(
        map(str, LAYERS)
    ),
    megabytes: Annotated[str, typer.Option(help="Sizes of the weights.")] = ",".join(
        map(str, MEGABYTES)
    ),
    repeats: Annotated[int, typer.Option(help="Runs of each.")] = REPEATS,
    add: Annotated[
        bool, typer.Option(help="Keep earlier rows that are not measured anew.")
    ] = False,
) -> None:
    """Measure the time and memory of exports as models grow."""
    rows = []
    cases = [("deep", n) for n in layers.split(",") if n]
    cases += [("wide", n) for n in megabytes.split(",") if n]
    for group, name in track(cases, description="exports"):
        with tempfile.TemporaryDirectory() as folder:
            results = measured(group, name, Path(folder), repeats)
        rows.append({"group": group, "size": int(name), "exports": results})
    if add:
        rows = sorted(rows + kept("export_cost", rows, key), key=key)
    print(save("export_cost", rows, repeats=repeats))


if __name__ == "__main__":
    typer.run(main)
