"""A process of `reader.py`, and the comparison of its answers with the model's."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.export.parity.tolerances import tolerance
from support.backends import environment
from support.compilation import compiled

Batches = dict[str, list[np.ndarray]]
SIZES = {"small": (1, 0.01), "usual": (5, 3.0), "large": (3, 30.0)}
"""Batches by name: how many samples, and their standard deviation."""


class Reader:
    """A process that runs files without Keras and keras_acts."""

    def __init__(self, runtime: str) -> None:
        program = Path(__file__).with_name("reader.py")
        self.process = subprocess.Popen(
            [sys.executable, program, runtime],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment("none"),
            text=True,
        )

    def answers(self, file: Path, inputs: Batches) -> Batches:
        """Return what the file answers to each batch.

        Raises:
            RuntimeError: It can't be loaded or run.
        """
        path = file.with_suffix(".inputs.npz")
        flat = {f"{k}:{i}": x for k, xs in inputs.items() for i, x in enumerate(xs)}
        np.savez(path, **flat)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = json.dumps({"file": str(file), "inputs": str(path)})
        print(line, file=self.process.stdin, flush=True)
        done = json.loads(self.process.stdout.readline())
        if "error" in done:
            raise RuntimeError(done["error"])
        found: Batches = {}
        with np.load(done["outputs"]) as arrays:
            for key in arrays.files:
                found.setdefault(key.partition(":")[0], []).append(arrays[key])
        return found

    def close(self) -> None:
        """End the process, which checks that it imported neither package."""
        self.process.communicate()
        assert self.process.returncode == 0


def batches(model: Any, scale: float = 1.0) -> Batches:
    """Return normally distributed inputs of several batch sizes and scales."""
    draw = np.random.default_rng(4)
    return {
        name: [_drawn(draw, size, x, scale * spread) for x in model.inputs]
        for name, (size, spread) in SIZES.items()
    }


def _drawn(draw: Any, size: int, x: Any, spread: float) -> np.ndarray:
    shape = (size, *x.shape[1:])
    if "int" in x.dtype:
        return draw.integers(0, 20, shape).astype(x.dtype)
    return (spread * draw.normal(size=shape)).astype(x.dtype)


def own_answers(model: Any, inputs: Batches) -> Batches:
    """Return what the model itself answers."""
    call: Any = functools.partial(model, training=False)
    if keras.backend.backend() == "jax":  # which compiles each operation otherwise
        call = compiled(call)
    return {
        name: [
            keras.ops.convert_to_numpy(y)
            for y in keras.tree.flatten(call(xs if len(xs) > 1 else xs[0]))
        ]
        for name, xs in inputs.items()
    }


def excesses(got: Batches, want: Batches) -> list[float]:
    """Return each output's largest difference, in parts of what the table allows."""
    assert got.keys() == want.keys()
    assert all(len(got[name]) == len(want[name]) for name in want)
    return [
        max(_excess(got[name][i], want[name][i], scale) for name in want)
        for i, scale in enumerate(map(_scale, want["usual"]))
    ]


def _scale(y: np.ndarray) -> float:
    return float(np.max(np.abs(y), initial=0, where=np.isfinite(y)))


def _excess(got: np.ndarray, want: np.ndarray, output_scale: float) -> float:
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    g, w = got.astype("float64"), want.astype("float64")
    finite = np.isfinite(w)
    np.testing.assert_array_equal(g[~finite], w[~finite])
    allowed = tolerance(want.dtype.name).allowed(w, _scale(w), output_scale)
    return float(np.max(np.abs(g - w) / allowed, initial=0, where=finite))
