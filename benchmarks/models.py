"""Well-known models in onnxruntime: latency and file size against the peers' files.

    python -m benchmarks.models [--names ResNet50,MobileNetV2] [--batch 1]

In one run and in turns: our file and the one that `model.export` writes under each
backend, from the same weights.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from benchmarks import peers, subjects
from benchmarks.environment import save
from benchmarks.runtime import first_line, operators, runner, session
from benchmarks.timing import compare

OURS = "keras-acts"


def size_of(path: str) -> int:
    """Return the bytes of a model with its external data."""
    file = Path(path)
    return sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*"))


def fed(opened: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the inputs under the names and dtypes of a file: peers change both."""
    dtypes = {"tensor(int32)": "int32", "tensor(int64)": "int64"}
    arrays = inputs.values()
    return {
        x.name: array.astype(dtypes.get(x.type, "float32"))
        for x, array in zip(opened.get_inputs(), arrays, strict=True)
    }


def measure(
    files: dict[str, str],
    subject: subjects.Subject,
    batch: int,
    threads: int,
) -> dict[str, Any]:
    """Time the files of one model, in turns, and compare their answers."""
    inputs, runs, failing = subject.inputs(batch), {}, {}
    expected = None
    for exporter, path in files.items():
        try:
            opened = session(path, threads)
            given = fed(opened, inputs)
            got = opened.run(None, given)[0]
        except Exception as error:
            failing[exporter] = f"does not run: {first_line(error)}"
            continue
        expected = got if expected is None else expected
        scale = float(np.abs(expected).max())
        # Written so that NaN is no agreement.
        alike = got.shape == expected.shape
        if not alike or not np.abs(got - expected).max() <= 1e-3 * scale:
            failing[exporter] = "answers otherwise"
            continue
        runs[exporter] = runner(opened, given)
    times = compare(runs, block_seconds=0.5)
    return {
        "milliseconds": round(times.median(OURS) * 1e3, 3),
        "against": {n: times.ratio(OURS, n).to_list() for n in runs if n != OURS},
        "failing": failing,
    }


def nodes(path: str) -> dict[str, int]:
    """Return how many nodes a file has, and how many of them are transposes."""
    kinds = operators(path)
    return {"nodes": sum(kinds.values()), "transposes": kinds.get("Transpose", 0)}


def main(
    names: Annotated[str, typer.Option(help="Models, by commas; all.")] = "",
    batch: Annotated[int, typer.Option(help="Batch size.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of onnxruntime.")] = 2,
    output: Annotated[str, typer.Option(help="Name of the result.")] = "models",
    files: Annotated[
        Path | None,
        typer.Option(help="Keep the peers' files here; use those that are there."),
    ] = None,
) -> None:
    """Time each exported model against the peers' files."""
    everything = subjects.models()
    chosen = [name for name in names.split(",") if name] or list(everything)
    rows = []
    for name in track(chosen, description="models"):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) if files is None else files / name.replace(" ", "_")
            folder.mkdir(parents=True, exist_ok=True)
            rows.append(one_model(everything[name], folder, batch, threads))
    print(save(output, rows, batch=batch, threads=threads, rounds=10))


def peers_exports(name: str, folder: Path) -> dict[str, peers.Export]:
    """Let the peers export a model, or read how it went when they did."""
    kept = folder / "exports.json"
    if not kept.exists():
        everywhere = peers.export_everywhere("models", [name], folder, each=True)
        done = {backend: asdict(one[name]) for backend, one in everywhere.items()}
        kept.write_text(json.dumps(done), encoding="utf-8")
    exports = json.loads(kept.read_text(encoding="utf-8"))
    return {backend: peers.Export(**export) for backend, export in exports.items()}


def one_model(
    subject: subjects.Subject, folder: Path, batch: int, threads: int
) -> dict[str, Any]:
    """Export a model by everyone, then time and describe the files."""
    own = peers.Job("models", subject.name, OURS, str(folder / "keras-acts.onnx"))
    exports = {OURS: peers.export("torch", [own])[0]}
    exports |= peers_exports(subject.name, folder)
    files = {name: one.path for name, one in exports.items() if one.path}
    row = measure(files, subject, batch, threads)
    for name, one in exports.items():
        if one.path is None:
            row["failing"][name] = f"no file: {one.error}"
    return {
        "model": subject.name,
        **row,
        "files": {
            name: {
                "bytes": size_of(path),
                **nodes(path),
                "export_seconds": round(exports[name].seconds, 2),
                "export_memory": exports[name].memory,
            }
            for name, path in files.items()
        },
    }


if __name__ == "__main__":
    typer.run(main)
