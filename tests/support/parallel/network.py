"""The network, its data, and what is compared."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from support.case import Case, all_cases

BATCH = 8
STEPS = 3
RATE = 0.01


FEW = ("APReLU", "Maxout", "PReLU", "Swish")
"""The layers that are tried where all would take too long; one row of each."""


def learnable_cases(*, few: bool) -> list[Case]:
    """Return the rows whose layers have weights, or a few of them."""
    rows = [case for case in all_cases() if case.row.learnable and _has_weights(case)]
    if few:
        first = {case.layer: case for case in reversed(rows)}
        return [first[name] for name in FEW]
    return rows


def _has_weights(case: Case) -> bool:
    return case.kwargs.get("learnable", not hasattr(case.make(), "learnable"))


def network(*, few: bool) -> keras.Model:
    """Return a model with a branch for each row: a dense layer, then the activation.

    The dense layer before it has a gradient that comes through the activation.
    """
    inputs, outputs = [], []
    rng = np.random.default_rng(5)
    for i, case in enumerate(learnable_cases(few=few)):
        x = keras.Input(case.shape[1:], name=f"x{i}")
        front = keras.layers.Dense(case.shape[-1], name=f"front{i}")
        activation = case.make(name=f"activation{i}")
        outputs.append(activation(front(x)))
        inputs.append(x)
        front.set_weights([_near_identity(w.shape, rng) for w in front.weights])
        case.set_weights(activation)
    model = keras.Model(inputs, outputs)
    optimizer = keras.optimizers.SGD(RATE)
    model.compile(optimizer, loss=["mse"] * len(outputs))
    return model


def _near_identity(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, 0.3, shape)
    return noise + np.eye(*shape) if len(shape) == 2 else noise


def data(model: keras.Model, *, halves_alike: bool) -> tuple[list[Any], list[Any]]:
    """Return a batch of inputs and targets.

    Args:
        model: The network.
        halves_alike: Whether the second half repeats the first where an activation
            normalizes by its batch: there a device normalizes by its own part, as
            Keras's `BatchNormalization` does, which is the whole only where each
            device has the same.
    """
    rng = np.random.default_rng(6)
    inputs = [rng.normal(0, 1, (BATCH, *x.shape[1:])) for x in model.inputs]
    targets = [rng.normal(0, 1, (BATCH, *y.shape[1:])) for y in model.outputs]
    if halves_alike:
        for i, array in enumerate(inputs):
            if model.get_layer(f"activation{i}").non_trainable_weights:
                array[BATCH // 2 :] = array[: BATCH // 2]
    return [x.astype("float32") for x in inputs], [y.astype("float32") for y in targets]


def fitted(model: keras.Model, *, halves_alike: bool) -> dict[str, np.ndarray]:
    """Train the model by `fit`, and return what is compared."""
    x, y = data(model, halves_alike=halves_alike)
    settings = {"batch_size": BATCH, "epochs": STEPS, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, **settings).history
    return result(model, {name: history[name] for name in sorted(history)})


def result(model: keras.Model, losses: dict[str, list[float]]) -> dict[str, np.ndarray]:
    """Return the losses of each step, and each weight by its path."""
    weights = {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}
    return {name: np.array(x) for name, x in (losses | weights).items()}
