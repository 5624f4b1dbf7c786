"""What the pages tell of an activation, gathered from where the repository knows it."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from keras_acts import _elsewhere
from keras_acts.catalogue import Activation
from keras_acts.export import to_onnx
from keras_acts.export.options import TARGETS

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"

_REQUIRED = {"units": 2}
"""Values for arguments without a default."""

_SHAPES = {"FReLU": (16, 8)}
"""Shapes of inputs for layers that don't take a vector."""


def layer_of(row: Activation) -> Any:
    """Return the layer of an activation, with its defaults."""
    required = {name for name, value in row.defaults.items() if value is ...}
    given = {name: _REQUIRED[name] for name in required}
    if row.name == "GatedDense":
        given["units"] = 2
    return row.layer(**given)


def operators(row: Activation) -> dict[str, Counter[str]]:
    """Return the ONNX operators of a layer with its defaults, by target."""
    model = keras.Sequential([keras.Input(_SHAPES.get(row.name, (8,))), layer_of(row)])
    found = {}
    for target in TARGETS:
        nodes = to_onnx(model, target=target).graph.node
        found[target] = Counter(node.op_type for node in nodes)
    return found


def names(row: Activation) -> list[_elsewhere.Name]:
    """Return what other libraries call an activation."""
    return [one for one in _elsewhere.NAMES if one.layer == row.name]


@functools.cache
def _measured(file: str) -> Sequence[dict[str, Any]]:
    rows: Sequence[dict[str, Any]] = json.loads((RESULTS / file).read_text())["rows"]
    return rows


@functools.cache
def measured_on() -> str:
    """Return the machine and the versions with which costs were measured."""
    found = json.loads((RESULTS / "activations.json").read_text())
    return f"{found['machine']}, onnxruntime {found['versions']['onnxruntime']}"


def costs(name: str) -> list[dict[str, Any]]:
    """Return the times of an activation in onnxruntime on one thread, by size."""
    rows = _measured("activations.json")
    return [r for r in rows if r["activation"] == name and r["threads"] == 1]


def relative_cost(name: str) -> float | None:
    """Return its time for a million elements as a multiple of ReLU's."""
    for row in costs(name):
        if row["elements"] >= 2**20 and "relu" in row["against"]:
            return float(row["against"]["relu"][0])
    return 1.0 if name == "ReLU" else None


def training_costs(name: str) -> list[dict[str, Any]]:
    """Return the times of a training step, by backend and mode."""
    return [r for r in _measured("training.json") if r["activation"] == name]
