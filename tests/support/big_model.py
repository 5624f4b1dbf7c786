"""A model of gigabytes, and a process that measures the memory its export takes.

As a script it exports the model to the path it is given, compares it with Keras in
onnxruntime, and prints what it measured as JSON.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INTERVAL = 0.002
"""Seconds between two samples of the memory."""


def model() -> Any:
    """Return a model of 2.5 GB, 1 GiB of it one tensor, and a kernel to transpose."""
    import keras
    from keras import layers

    ones = {"kernel_initializer": "ones"}
    tokens = keras.Input((3,), dtype="int32", name="tokens")
    y = layers.Embedding(2**18, 1024, embeddings_initializer="ones")(tokens)
    for units in (8192, 8192, 8192, 8192, 8192, 8192, 1024):
        y = layers.Dense(units, activation="tanh", **ones)(y)
    y = layers.Conv1D(4096, 5, data_format="channels_last", padding="same", **ones)(y)
    return keras.Model(tokens, layers.Dense(7, name="out")(y))


def fill(keras_model: Any) -> None:
    """Give each weight numbers of its own, small ones, fast."""
    import numpy as np

    for seed, variable in enumerate(keras_model.variables):
        rng = np.random.default_rng(seed)
        numbers = rng.normal(0.0, 0.02, 2**16 + 1).astype("float32")
        variable.assign(np.resize(numbers, variable.shape))


def resident() -> int:
    """Return the bytes of memory that this process has."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def sampled() -> Iterator[Callable[[], int]]:
    """Sample the memory in a thread; yield what tells how far it rose."""
    before = highest = resident()
    done = threading.Event()

    def sample() -> None:
        nonlocal highest
        while not done.wait(INTERVAL):
            highest = max(highest, resident())

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lambda: highest - before
    finally:
        done.set()
        thread.join()


def error(keras_model: Any, path: str) -> float:
    """Return how far onnxruntime's answer is from Keras's, as a part of its largest."""
    import keras
    import numpy as np
    import onnxruntime

    tokens = np.asarray([[0, 5, 2**18 - 1], [77, 2**17, 3]], "int32")
    want = np.asarray(keras.ops.convert_to_numpy(keras_model(tokens, training=False)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_prepacking", "1")
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    (got,) = session.run(None, {"tokens": tokens})
    return float(np.abs(got - want).max() / np.abs(want).max())


def main(path: str) -> None:
    """Export the model and print the measurements."""
    from keras_acts.export import to_onnx

    keras_model = model()
    fill(keras_model)
    weights = 4 * keras_model.count_params()
    with sampled() as rise:
        to_onnx(keras_model, path)
    measured = {
        "weights": weights,
        "largest": 4 * max(math.prod(one.shape) for one in keras_model.variables),
        "rise": rise(),
        "error": error(keras_model, path),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1])
