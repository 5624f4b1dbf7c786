"""Calibration data and inputs: arrays, files or datasets, read as far as needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts._files import regular_size
from keras_acts.export.errors import OptionError
from keras_acts.export.parity.inputs.generator import Generator, is_dataset
from keras_acts.export.parity.tolerances import Array

Inputs = dict[str, Array]
"""One run: the reference's inputs by name."""

_EVERY = 4
"""One run in so many is kept from the calibration, to measure the answers on."""

_AT_ONCE = 32


@dataclass(frozen=True)
class Samples:
    """What the ranges are taken from, and what the answers are measured on.

    Attributes:
        calibration: Runs for the ranges of activations; none where not needed.
        evaluation: Runs to measure answers on.
        origin: What the answers are measured on, in words.
        own: Whether those are the user's.
        repeated: Whether the answers are measured on the runs that calibrated.
    """

    calibration: list[Inputs]
    evaluation: list[Inputs]
    origin: str
    own: bool
    repeated: bool = False


def samples(
    generator: Generator,
    *,
    calibration: Any,
    inputs: Any,
    static: bool,
    most: int,
) -> Samples:
    """Return the runs of a quantization.

    Args:
        generator: Generates inputs where none are given, and checks those that are.
        calibration: The user's data for the ranges, or None.
        inputs: The user's data to measure answers on, or None.
        static: Whether calibration data give ranges; otherwise all of them measure.
        most: The most samples to take of each.

    Raises:
        OptionError: The data don't fit the model's inputs, or there are none.
    """
    given = _runs(generator, "calibration", calibration, most)
    measured = _runs(generator, "inputs", inputs, most)
    if measured:
        return Samples(given if static else [], measured, "`inputs`", own=True)
    if given and not static:
        return Samples([], given, "the calibration data", own=True)
    if given:
        fitting, held_out = _held_out(given, generator)
        if held_out:
            return Samples(fitting, held_out, "held-out calibration data", own=True)
        where = "the calibration data themselves"
        return Samples(given, given, where, own=True, repeated=True)
    return Samples([], _generated(generator), "generated inputs", own=False)


def rows(run: Inputs) -> int:
    """Return the number of samples of a run, 1 without a batch axis."""
    return min((len(x) for x in run.values() if x.ndim), default=1)


def first(run: Inputs, count: int, generator: Generator) -> Inputs:
    """Return the first samples of a run, all where the batch size is fixed."""
    if not free_batch(generator):
        return run
    return {name: x[:count] for name, x in run.items()}


def free_batch(generator: Generator) -> bool:
    """Whether every input has a batch axis of any size."""
    return all(one.shape and one.shape[0] is None for one in generator.inputs)


def _generated(generator: Generator) -> list[Inputs]:
    if generator.has_unknown_texts:
        raise OptionError(
            "Strings can't be generated: pass `inputs`, or calibration data. "
            "Received: inputs=None"
        )
    return [case.inputs for case in generator.random() if case.ordinary]


def _held_out(
    runs: list[Inputs], generator: Generator
) -> tuple[list[Inputs], list[Inputs]]:
    """Split the samples of each run, or the runs where their size is fixed."""
    if free_batch(generator) and max(map(rows, runs)) >= _EVERY:
        parts = [(run, np.arange(rows(run)) % _EVERY == _EVERY - 1) for run in runs]
        kept = [{n: x[~chosen] for n, x in run.items()} for run, chosen in parts]
        apart = [{n: x[chosen] for n, x in run.items()} for run, chosen in parts]
        return kept, [run for run in apart if rows(run)]
    kept = [run for i, run in enumerate(runs) if i % _EVERY < _EVERY - 1]
    return kept, runs[_EVERY - 1 :: _EVERY]


def _runs(generator: Generator, name: str, given: Any, most: int) -> list[Inputs]:
    """Return the user's data as runs, with `most` samples in all.

    Raises:
        OptionError: They don't fit the model, or are empty.
    """
    if given is None:
        return []
    if isinstance(given, str | os.PathLike):
        given = _read(Path(given), name)
    try:
        taken, count = [], 0
        for case in generator.from_arrays(_thinned(given, generator, most)):
            for run in _small(case.inputs, generator):
                taken.append(first(run, most - count, generator))
                count += rows(taken[-1])
                if count >= most:
                    break
            if count >= most:
                break
    except (ValueError, TypeError, KeyError) as error:
        message = str(error).replace("`inputs`", f"`{name}`")
        raise OptionError(message) from error
    if not count:
        raise OptionError(f"`{name}` must have at least one sample. Received: none")
    return taken


def _small(run: Inputs, generator: Generator) -> Iterator[Inputs]:
    """Yield a run in parts, so that the values inside the network stay few."""
    if not free_batch(generator):
        yield run
        return
    for start in range(0, rows(run), _AT_ONCE):
        yield {name: x[start : start + _AT_ONCE] for name, x in run.items()}


def _thinned(given: Any, generator: Generator, most: int) -> Any:
    """Return samples from all over the arrays, as data may be sorted by class."""
    if is_dataset(given):
        return given
    by_name = isinstance(given, Mapping)
    several = len(generator.inputs) > 1 or isinstance(given, list | tuple)
    arrays = given if by_name else dict(enumerate(given if several else [given]))
    arrays = {name: np.asarray(x) for name, x in arrays.items()}
    fixed = _fixed_batch(generator)
    counts = {len(x) for x in arrays.values() if x.ndim}
    if len(counts) == 1 and fixed and fixed < next(iter(counts)):
        return _in_batches(arrays, fixed, most, by_name=by_name)
    if len(counts) == 1 and free_batch(generator) and next(iter(counts)) > most:
        chosen = np.linspace(0, next(iter(counts)) - 1, most).astype(int)
        arrays = {name: x[chosen] for name, x in arrays.items()}
    return arrays if by_name else list(arrays.values())


def _fixed_batch(generator: Generator) -> int | None:
    sizes = {one.shape[0] if one.shape else None for one in generator.inputs}
    return next(iter(sizes)) if len(sizes) == 1 else None


def _in_batches(
    arrays: Mapping[Any, Array], size: int, most: int, *, by_name: bool
) -> Iterator[Any]:
    """Yield batches of the size that the model has, from all over the arrays."""
    count = len(next(iter(arrays.values()))) // size
    for i in np.linspace(0, count - 1, min(count, -(-most // size))).astype(int):
        batch = {name: x[i * size : (i + 1) * size] for name, x in arrays.items()}
        yield batch if by_name else list(batch.values())


def _read(path: Path, name: str) -> Any:
    """Read a `.npy` file, or a `.npz` file by input name; never pickles.

    Raises:
        OptionError: It is no such file.
    """
    try:
        regular_size(path, f"`{name}`")
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
    except Exception as error:
        reason = "" if "pickle" in str(error) else f" ({error})"
        raise OptionError(
            f"`{name}` must be a .npy or .npz file of numbers where it is a path. "
            f"Received: {name}={str(path)!r}{reason}"
        ) from error
