"""Export a model whose weights lie in parts on eight devices of JAX, and one on one.

python -m support.parallel.exported FOLDER
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts import layers
from keras_acts.export import to_onnx, verify

SIZE = 1024
"""Of each axis of a kernel: four megabytes, so that all else is small beside it."""


def network() -> keras.Model:
    """Return a model of many weights of about one size, drawn by NumPy."""
    steps: list[Any] = [keras.Input((SIZE,), name="x")]
    for i in range(5):
        steps.append(keras.layers.Dense(SIZE, name=f"dense{i}"))
        steps.append(layers.PReLU(name=f"p{i}"))
    model = keras.Sequential([*steps, layers.Maxout(SIZE // 2, name="m")], name="model")
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.normal(0, SIZE**-0.5, weight.shape).astype("float32"))
    return model


def in_parts() -> keras.distribution.ModelParallel:
    """Return a distribution that cuts every kernel and vector into eight."""
    devices = keras.distribution.list_devices("cpu")
    mesh = keras.distribution.DeviceMesh((1, 8), ("batch", "model"), devices)
    layouts = keras.distribution.LayoutMap(mesh)
    layouts[".*/kernel"] = (None, "model")
    layouts[".*/(bias|alpha)"] = ("model",)
    return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")


def main(folder: Path) -> None:
    to_onnx(network(), folder / "one.onnx")
    keras.distribution.set_distribution(in_parts())
    model = network()
    sizes = [w.value.nbytes for w in model.weights]
    cut = [w for w in model.weights if not w.value.sharding.is_fully_replicated]
    gc.collect()
    tracemalloc.start()
    to_onnx(model, folder / "parts.onnx")
    gc.collect()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    report = verify(model, folder / "parts.onnx", batch_sizes=(1,))
    found = {
        "in_parts": len(cut),
        "weights": len(sizes),
        "largest": max(sizes),
        "total": sum(sizes),
        "peak": peak,
        "kept": kept,
        "status": report.status,
    }
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
