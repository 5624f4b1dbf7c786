"""What a diagnosis costs: beside a forward pass, and beside a training step.

    KERAS_BACKEND=torch python -m benchmarks.diagnosis
    python -m benchmarks.diagnosis            # each backend, in its own process

The limits are 1.5 forward passes for the statistics of activations, and 1.3 training
steps for gradients with them. Both sides run as the backend trains: compiled by
TensorFlow and JAX, eager on torch. A run is 16 batches, after which `diagnose` fetches
their statistics; milliseconds are those of a batch. What is done once, at the first
batch, isn't counted; the column "first" has it, in seconds. Times are those of the
processor, since other programs may run beside.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import typer

from benchmarks.environment import BACKENDS, RESULTS, load, save

LIMITS = {"activations": 1.5, "gradients": 1.3}
PENDING = 16
"""After how many batches `diagnose` fetches statistics."""


def models() -> dict[str, Callable[[], tuple[Any, Any, Any]]]:
    """Return networks of several kinds, each with a batch of inputs and targets."""
    import keras
    import numpy as np

    draw = np.random.default_rng(0)
    layers = keras.layers

    def dense() -> tuple[Any, Any, Any]:
        inner = [layers.Dense(512, activation="relu") for _ in range(4)]
        model = keras.Sequential([keras.Input((256,)), *inner, layers.Dense(10)])
        return model, draw.normal(size=(256, 256)), draw.integers(0, 10, 256)

    def convolutions() -> tuple[Any, Any, Any]:
        inner = []
        for filters in (32, 64, 64):
            inner.append(layers.Conv2D(filters, 3, padding="same", activation="gelu"))
            inner.append(layers.Conv2D(filters, 3, padding="same", activation="relu"))
            inner.append(layers.MaxPooling2D())
        top = [layers.GlobalAveragePooling2D(), layers.Dense(10)]
        model = keras.Sequential([keras.Input((32, 32, 3)), *inner, *top])
        return model, draw.normal(size=(32, 32, 32, 3)), draw.integers(0, 10, 32)

    def transformer() -> tuple[Any, Any, Any]:
        x = inputs = keras.Input((64, 128))
        for _ in range(3):
            y = layers.LayerNormalization()(x)
            x = layers.add([x, layers.MultiHeadAttention(4, 32)(y, y)])
            y = layers.Dense(512, activation="gelu")(layers.LayerNormalization()(x))
            x = layers.add([x, layers.Dense(128)(y)])
        x = layers.Dense(10)(layers.GlobalAveragePooling1D()(x))
        return (
            keras.Model(inputs, x),
            draw.normal(size=(16, 64, 128)),
            draw.integers(0, 10, 16),
        )

    def recurrent() -> tuple[Any, Any, Any]:
        inner = [layers.LSTM(128, return_sequences=True), layers.GRU(128)]
        model = keras.Sequential([keras.Input((32, 64)), *inner, layers.Dense(10)])
        return model, draw.normal(size=(64, 32, 64)), draw.integers(0, 10, 64)

    return {
        "dense": dense,
        "convolutions": convolutions,
        "transformer": transformer,
        "recurrent": recurrent,
    }


def rows() -> list[dict[str, Any]]:
    """Measure in this process, under its backend."""
    import keras

    found = []
    for name, make in models().items():
        model, x, y = make()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss)
        found += measured(name, model, x.astype("float32"), y)
    return found


def measured(name: str, model: Any, x: Any, y: Any) -> list[dict[str, Any]]:
    """Time a model's steps beside the same with statistics."""
    import keras

    from benchmarks.timing import compare
    from keras_acts.diagnosis.batches import Batch

    batch = Batch(keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y))
    plain = plain_steps(model, batch)
    found = []
    for kind, limit in LIMITS.items():
        looked, first = diagnosed(model, batch, kind)
        contestants = {"plain": again(plain[kind]), "looked": looked}
        times = compare(
            contestants, rounds=8, runs=1, block_seconds=0.1, clock=time.process_time
        )
        ratio = times.ratio("looked", "plain")
        found.append(
            {
                "model": name,
                "backend": keras.backend.backend(),
                "kind": kind,
                "milliseconds": round(times.median("looked") / PENDING * 1e3, 3),
                "against": ratio.to_list(),
                "limit": limit,
                "first": round(first, 2),
            }
        )
        print(found[-1], flush=True)
    return found


def diagnosed(model: Any, batch: Any, kind: str) -> tuple[Callable[[], Any], float]:
    """Return some measured steps, and how long the first batch took, in seconds."""
    from keras_acts.diagnosis.session import Session
    from keras_acts.diagnosis.totals import Totals

    session = Session(model, gradients=kind == "gradients", below=0.01)
    totals = Totals()

    def steps() -> None:
        for _ in range(PENDING):
            session.measure(batch)
        session.collect(totals)

    start = time.perf_counter()
    session.begin(batch)
    session.measure(batch)
    session.collect(totals)
    return steps, time.perf_counter() - start


def again(step: Callable[[], Any]) -> Callable[[], None]:
    """Return as many steps as `diagnose` makes before it fetches their statistics."""

    def steps() -> None:
        for _ in range(PENDING):
            step()

    return steps


def plain_steps(model: Any, batch: Any) -> dict[str, Callable[[], Any]]:
    """Return a forward pass and a training step, as the backend runs them."""
    import keras

    def train() -> Any:
        return model.train_on_batch(batch.x, batch.y)

    return {"activations": forward(model, batch.x, keras), "gradients": train}


def forward(model: Any, x: Any, keras: Any) -> Callable[[], Any]:
    """Return a forward pass that waits for its result."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        def eager() -> Any:
            with torch.no_grad():
                return model(x, training=False)

        return eager
    if backend == "tensorflow":
        import tensorflow as tf

        compiled = tf.function(lambda x: model(x, training=False))
        return lambda: compiled(x).numpy()
    import jax

    @jax.jit
    def stateless(trainable: Any, others: Any, x: Any) -> Any:
        return model.stateless_call(trainable, others, x, training=False)[0]

    def call() -> Any:
        trainable = [one.value for one in model.trainable_variables]
        others = [one.value for one in model.non_trainable_variables]
        return jax.block_until_ready(stateless(trainable, others, x))

    return call


def main() -> None:
    """Time a diagnosis of each model under each backend."""
    if os.environ.get("KERAS_BACKEND"):
        backend = os.environ["KERAS_BACKEND"]
        print(save(f"diagnosis-{backend}", rows()))
        return
    together = []
    for backend in BACKENDS:
        environment = {**os.environ, "KERAS_BACKEND": backend}
        command = [sys.executable, "-m", "benchmarks.diagnosis"]
        subprocess.run(command, env=environment, check=True)
        together += load(f"diagnosis-{backend}")["rows"]
        (RESULTS / f"diagnosis-{backend}.json").unlink()
    print(save("diagnosis", together))


if __name__ == "__main__":
    typer.run(main)
