"""Exported activations in onnxruntime: ours against the peers' files.

    python -m benchmarks.activations [--names Mish,PReLU] [--sizes 1024,65536]

Each activation is a model of its own. In one run and in turns: our file for
`target="cpu"`, our `"portable"` file (the plain ONNX operator), the file that
`model.export` writes under each backend, for Keras's own layer or function where there
is one, else for ours, and one Relu, the floor that memory sets.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import onnx
import typer
from rich.progress import track

from benchmarks import environment, peers, subjects
from benchmarks.environment import save
from benchmarks.runtime import first_line, operators, runner, session
from benchmarks.timing import Timings, compare
from keras_acts.export import to_onnx
from keras_acts.layers import ReLU

SIZES = (1 << 10, 1 << 16, 1 << 20, 1 << 24)
THREADS = (1, 2)
ROUNDS = 8
BUDGET = 8.0
"""Seconds for one activation at one size; two rounds take what they take."""
FLOOR, OURS, PLAIN = "relu", "cpu", "portable"


def floor() -> onnx.ModelProto:
    """Return a model of one Relu."""
    x = keras.Input((subjects.CHANNELS,), name="x")
    return to_onnx(keras.Model(x, ReLU()(x)), engine="native")


def our_files(subject: subjects.Subject) -> dict[str, onnx.ModelProto]:
    """Return our files of an activation, by target."""
    model = subject.build()
    return {
        target: to_onnx(model, target=target, engine="native")
        for target in (OURS, PLAIN)
    }


def measure(
    files: Mapping[str, Any], subject: subjects.Subject, size: int, threads: int
) -> Timings:
    """Time the files of one activation at one size, in turns."""
    inputs = subject.inputs(size // subjects.CHANNELS)["x"]
    (wanted,) = session(files[OURS], threads).run(None, {"x": inputs})
    runs = {
        name: runner(session(file, threads), inputs, None if name == FLOOR else wanted)
        for name, file in files.items()
    }
    return compare(runs, rounds=ROUNDS, block_seconds=0.02, budget=BUDGET)


def working(
    exports: Mapping[str, peers.Export], ours: onnx.ModelProto, inputs: np.ndarray
) -> tuple[dict[str, str], dict[str, str]]:
    """Part the peers' files that answer as ours does from those that fail."""
    expected = session(ours, 1).run(None, {"x": inputs})[0]
    good, bad = {}, {}
    for backend, one in exports.items():
        if one.path is None:
            bad[backend] = f"no file: {one.error}"
            continue
        try:
            opened = session(one.path, 1)
            got = opened.run(None, {opened.get_inputs()[0].name: inputs})[0]
        except Exception as error:
            bad[backend] = f"does not run: {first_line(error)}"
            continue
        if got.shape == expected.shape and np.allclose(got, expected, 1e-4, 1e-5):
            good[backend] = one.path
        else:
            bad[backend] = "answers otherwise"
    return good, bad


def row(
    name: str,
    size: int,
    threads: int,
    times: Timings,
    files: Mapping[str, Any],
    bad: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the tables need of one measurement."""
    peers_timed = [n for n in times.seconds if n not in (FLOOR, OURS, PLAIN)]
    best = min(peers_timed, key=times.median, default=None)
    return {
        "activation": name,
        "elements": size,
        "threads": threads,
        "microseconds": round(times.median(OURS) * 1e6, 2),
        "against": {
            other: times.ratio(OURS, other).to_list()
            for other in times.seconds
            if other != OURS
        },
        "fastest_peer": best,
        "operators": {name: operators(files[name]) for name in (OURS, *peers_timed)},
        "failing": dict(bad),
    }


def key(row: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return what a row measures, in the order of the table."""
    place = list(subjects.activations()).index(row["activation"])
    return place, row["elements"], row["threads"]


def main(
    names: Annotated[str, typer.Option(help="Activations, by commas; all.")] = "",
    sizes: Annotated[str, typer.Option(help="Elements, by commas.")] = ",".join(
        map(str, SIZES)
    ),
    threads: Annotated[str, typer.Option(help="Threads, by commas.")] = "1,2",
    output: Annotated[str, typer.Option(help="Name of the result.")] = "activations",
    add: Annotated[
        bool, typer.Option(help="Keep earlier rows that are not measured anew.")
    ] = False,
) -> None:
    """Time each exported activation against the peers' files."""
    everything = subjects.activations()
    chosen = [name for name in names.split(",") if name] or list(everything)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        exports = peers.export_everywhere("official", chosen, Path(folder))
        relu = floor()
        for name in track(chosen, description="activations"):
            subject = everything[name]
            files = our_files(subject)
            by_backend = {b: done[name] for b, done in exports.items()}
            probe = subject.inputs(16)["x"]
            good, bad = working(by_backend, files[PLAIN], probe)
            contestants = {FLOOR: relu, **files, **good}
            for size in map(int, sizes.split(",")):
                if size > subject.largest:
                    continue
                for count in map(int, threads.split(",")):
                    times = measure(contestants, subject, size, count)
                    rows.append(row(name, size, count, times, contestants, bad))
    if add:
        rows = sorted(rows + environment.kept(output, rows, key), key=key)
    print(save(output, rows, rounds=f"up to {ROUNDS}", runs="10 or more a block"))


if __name__ == "__main__":
    typer.run(main)
