"""`keras_acts.diagnose`: why does a network not train?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from keras_acts.diagnosis.arguments import (
    check_class_weight,
    check_looking,
    check_verbose,
)
from keras_acts.diagnosis.batches import Batches
from keras_acts.diagnosis.report.results import Diagnosis
from keras_acts.diagnosis.session import Session
from keras_acts.diagnosis.watching.slopes import SATURATED_BELOW


def diagnose(
    model: Any,
    data: Any,
    y: Any = None,
    *,
    loss: Any = None,
    class_weight: Mapping[int, float] | None = None,
    gradients: bool | None = None,
    batch_size: int = 32,
    steps: int | None = None,
    saturated_below: float = SATURATED_BELOW,
    activations: Sequence[Any] = (),
    verbose: bool | str = "auto",
) -> Diagnosis:
    """Look at what the activations and gradients of a model do on data.

    It calls the model on each batch once, and where there are targets and a loss,
    computes the gradients as a training step would. Weights, state, optimizer and
    modes stay as they are; a model that isn't built is built.

    Activations are found as layers, ours and Keras's; as functions in an attribute, as
    `Dense(8, activation="relu")` has; as operations of a Functional model; and in the
    cells of recurrent layers. `uncovered` names those that can't be watched. Steps that
    a mask leaves out don't count.

    Without gradients the model is called as in inference, with them as in training.

    Args:
        model: A Keras model: Functional, Sequential or subclassed.
        data: What `fit` takes: arrays, one, a list or a dict; a tuple of inputs,
            targets and sample weights; a `PyDataset`, `tf.data.Dataset`, torch
            `DataLoader`, generator, or another iterable of batches.
        y: Targets, beside arrays.
        loss: A loss, its name or its function; None for that of `model.compile`.
        class_weight: The weight of each class in the loss, as `fit` takes it.
        gradients: Whether to measure gradients and the next update; None for where
            data have targets, there is a loss, and the backend can train.
        batch_size: The size of the batches of arrays.
        steps: How many batches to look at, at most; None for all.
        saturated_below: The share of a function's largest slope below which it counts
            as saturated, between 0 and 1.
        activations: Layers, classes or names of layers that are activations, beside
            those that are known as such.
        verbose: Whether to draw a progress bar; `"auto"` for where someone sees it.

    Returns:
        The statistics of each activation and layer, and what is wrong with them. `str`
        gives a table.

    Raises:
        ValueError: An argument is invalid, data are empty, or gradients are asked for
            and can't be computed.

    Reference:
        Glorot and Bengio, 2010, "Understanding the difficulty of training deep
        feedforward neural networks"; Lu, Shin, Su and Karniadakis, 2020, "Dying ReLU
        and initialization".

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU()])
        >>> keras_acts.diagnose(model, -np.ones((64, 4)))["re_lu"].dead
        1.0
    """
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"`model` must be a keras.Model. Received: model of type {type(model)}"
        )
    check_looking(gradients, saturated_below, activations)
    check_class_weight(class_weight)
    check_verbose(verbose, "auto")
    session = Session(
        model,
        loss=loss,
        gradients=gradients,
        below=saturated_below,
        activations=activations,
    )
    batches = Batches.of(data, y, batch_size=batch_size, steps=steps)
    batches = batches.weighted(class_weight)
    return session.run(batches, progress_bar(batches.count, verbose))


def progress_bar(count: int | None, verbose: bool | str) -> Callable[[int], None]:
    """Return what shows how many batches are done."""
    if verbose == "auto":
        verbose = sys.stdout.isatty() or "ipykernel" in sys.modules
    if not verbose:
        return lambda _: None
    bar = keras.utils.Progbar(count, unit_name="batch")

    def show(done: int) -> None:
        bar.update(done)

    return show
