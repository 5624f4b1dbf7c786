"""The time of a token of a GPT-2, by the length of what comes before.

    python -m benchmarks.generation [--lengths 16,128,512] [--twin FOLDER]

A GPT-2 of KerasHub, random, is exported by `export_generator`. Its twin is the same
architecture of `transformers`, exported by `optimum` into FOLDER, in an environment of
their own, by `python benchmarks/generation_twin.py FOLDER`. Both files run in turns, in
one process, with what their runtimes do at least: tensors stay bound between runs.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnxruntime
import typer

from benchmarks.generation_twin import SIZES
from keras_acts.export.generation import Generator, export_generator
from keras_acts.export.generation.runtime.session import Cache

LENGTHS = (16, 128, 512)
STEPS = 16
ROUNDS = 5
THREADS = 2

Step = Callable[[], None]


def options() -> onnxruntime.SessionOptions:
    """Return the options of both sessions."""
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = THREADS
    return chosen


def build() -> Any:
    """Return KerasHub's model."""
    from keras_hub.models import GPT2Backbone, GPT2CausalLM

    backbone = GPT2Backbone(
        vocabulary_size=SIZES["vocab_size"],
        num_layers=SIZES["n_layer"],
        num_heads=SIZES["n_head"],
        hidden_dim=SIZES["n_embd"],
        intermediate_dim=4 * SIZES["n_embd"],
        max_sequence_length=SIZES["n_positions"],
    )
    return GPT2CausalLM(backbone, preprocessor=None)


def ours(folder: str, prompt: np.ndarray[Any, Any]) -> Step:
    """Return a step of our file, after a prompt."""
    generator = Generator(folder, session_options=options())
    cache: Cache = generator.start(len(prompt))
    cache.append(prompt)
    last = prompt[:, -1:]

    def step() -> None:
        last[:] = cache.append(last).argmax(axis=-1)[:, None]

    return step


def twin(folder: str, prompt: np.ndarray[Any, Any]) -> Step:
    """Return a step of the twin's file, after a prompt."""
    session = onnxruntime.InferenceSession(
        str(Path(folder) / "model.onnx"), options(), ["CPUExecutionProvider"]
    )
    names = [x.name for x in session.get_inputs()]
    outputs = [x.name for x in session.get_outputs()]
    shape = (len(prompt), SIZES["n_head"], 0, SIZES["n_embd"] // SIZES["n_head"])
    empty = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32))
    past = {name: empty for name in names if name.startswith("past")}
    seen = 0

    def run(tokens: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        nonlocal past, seen
        binding = session.io_binding()
        count = tokens.shape[1]
        places = np.arange(seen, seen + count)[None].repeat(len(tokens), 0)
        given = {
            "input_ids": tokens.astype(np.int64),
            "attention_mask": np.ones((len(tokens), seen + count), np.int64),
            "position_ids": places,
        }
        for name in given.keys() & set(names):
            binding.bind_cpu_input(name, np.ascontiguousarray(given[name]))
        for name, value in past.items():
            binding.bind_ortvalue_input(name, value)
        for name in outputs:
            binding.bind_output(name, "cpu")
        session.run_with_iobinding(binding)
        logits, *present = binding.get_outputs()
        past = dict(zip(past, present, strict=True))
        seen += count
        return np.asarray(logits.numpy()[:, -1])

    run(prompt)
    last = prompt[:, -1:]

    def step() -> None:
        last[:] = run(last).argmax(axis=-1)[:, None]

    return step


def times(steps: Mapping[str, Callable[[], Step]]) -> Iterator[tuple[str, float]]:
    """Yield the median milliseconds of a token of each, measured in turns."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, make in steps.items():
            step = make()
            step()
            for _ in range(STEPS):
                start = time.perf_counter()
                step()
                found[name].append(time.perf_counter() - start)
    for name, seconds in found.items():
        yield name, 1e3 * statistics.median(seconds)


def main(
    lengths: Annotated[str, typer.Option(help="Tokens before.")] = "16,128,512",
    twin_folder: Annotated[
        str, typer.Option("--twin", help="What generation_twin.py wrote.")
    ] = "",
    folder: Annotated[str, typer.Option(help="Where our folder is kept.")] = "",
) -> None:
    """Print a table of milliseconds a token."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        own = folder or str(Path(scratch) / "gpt2")
        if not Path(own).is_dir():
            export_generator(build(), own)
        print("| tokens before | keras-acts | twin |\n|---|---|---|")
        for length in map(int, lengths.split(",")):
            prompt = rng.integers(0, SIZES["vocab_size"], (1, length))
            steps = {"ours": lambda prompt=prompt: ours(own, prompt)}
            if twin_folder:
                steps["twin"] = lambda prompt=prompt: twin(twin_folder, prompt)
            found = dict(times(steps))
            row = [
                f"{found[name]:.2f} ms" if name in found else ""
                for name in ("ours", "twin")
            ]
            print(f"| {length} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
