"""Our files against their twins' in PyTorch, as a performance engineer would have them.

    pip install transformers keras-hub
    KERAS_BACKEND=torch python -m benchmarks.twins [--names "BERT base"] [--threads 1,2]

In one process and in turns: our file of a network of KerasHub or Keras, the same
network of transformers by torch.onnx, and that through onnxruntime's optimizer for
transformers, whose operators are no longer ONNX's own. On one thread times are the
processor's, so that other programs count less.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.environment import kept, save
from benchmarks.models import nodes, size_of
from benchmarks.runtime import first_line, runner, session
from benchmarks.timing import compare
from benchmarks.twins.files import OURS, write
from benchmarks.twins.networks import NETWORKS, Network

_DTYPES = {"tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(bool)": "bool"}


def measure(
    network: Network,
    files: Mapping[str, Path],
    setting: tuple[int, int, int],
    rounds: int,
) -> dict[str, Any]:
    """Time the files of a network.

    Args:
        network: The network.
        files: Their paths, ours among them.
        setting: Batch, length or size, and threads.
        rounds: How many blocks each file gets.
    """
    batch, size, threads = setting
    arrays, runs, start, failing = network.arrays(batch, size), {}, {}, {}
    for name, path in files.items():
        begin = time.perf_counter()
        opened = session(str(path), threads)
        start[name] = round(time.perf_counter() - begin, 3)
        given = {
            x.name: arrays[x.name].astype(_DTYPES.get(x.type, "float32"))
            for x in opened.get_inputs()
        }
        try:
            opened.run(None, given)
        except Exception as error:
            failing[name] = f"does not run: {first_line(error)}"
            continue
        runs[name] = runner(opened, given)
    clock = time.process_time if threads == 1 else time.perf_counter
    times = compare(runs, rounds=rounds, runs=1, clock=clock)
    return {
        "network": network.name,
        "batch": batch,
        "size": size,
        "threads": threads,
        "milliseconds": round(times.median(OURS) * 1e3, 2),
        "against": {n: times.ratio(OURS, n).to_list() for n in runs if n != OURS},
        "failing": failing,
        "start_seconds": start,
        "files": {
            name: {"bytes": size_of(str(path)), **nodes(str(path))}
            for name, path in files.items()
        },
    }


def one_network(
    network: Network, settings: list[tuple[int, int, int]], blocks: int, rounds: int
) -> list[dict[str, Any]]:
    """Export a network by everyone, then time the files in each setting."""
    with tempfile.TemporaryDirectory() as folder:
        files = write(network, blocks or network.blocks or 0, Path(folder))
        return [measure(network, files, one, rounds) for one in settings]


def main(
    names: Annotated[str, typer.Option(help="Networks, by semicolons; all.")] = "",
    batches: Annotated[str, typer.Option(help="Batch sizes, by commas.")] = "1,8",
    lengths: Annotated[str, typer.Option(help="Lengths, of texts.")] = "32,128,384",
    threads: Annotated[str, typer.Option(help="Threads, by commas.")] = "1,2",
    blocks: Annotated[int, typer.Option(help="Fewer blocks than it has.")] = 0,
    rounds: Annotated[int, typer.Option(help="Blocks of runs of each file.")] = 10,
    output: Annotated[str, typer.Option(help="Name of the result.")] = "twins",
) -> None:
    """Time networks against their twins; rows of others stay in the result."""
    wanted = [one for one in names.split(";") if one]
    chosen = [one for one in NETWORKS if not wanted or one.name in wanted]
    rows = []
    for network in track(chosen, description="networks"):
        sizes = [network.largest_size] if network.is_of_images else _numbers(lengths)
        settings = [
            (batch, size, count)
            for batch in _numbers(batches)
            for size in sizes
            for count in _numbers(threads)
        ]
        rows += one_network(network, settings, blocks, rounds)
    earlier = kept(output, rows, _key)
    print(save(output, [*earlier, *rows], rounds=rounds))


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("network", "batch", "size", "threads"))


if __name__ == "__main__":
    typer.run(main)
