"""The loss whose gradients are measured: the model's own, or one that is named."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops

from keras_acts.diagnosis.batches import Batch


class Objective:
    """The loss of a batch, with the penalties of regularizers.

    Args:
        model: The model.
        loss: A loss, its name or its function; None for that of `model.compile`.
    """

    def __init__(self, model: Any, loss: Any = None) -> None:
        self.model = model
        self._loss = None if loss is None else _as_loss(loss)
        takes = inspect.signature(model.compute_loss).parameters if not loss else ()
        self._more = {"training": True} if "training" in takes else {}

    @classmethod
    def of(cls, model: Any, loss: Any = None) -> Objective | None:
        """Return the loss of a model; None if it has none."""
        if loss is None and not getattr(model, "compiled", False):
            return None
        return cls(model, loss)

    def __call__(self, batch: Batch, answer: Any) -> Any:
        """Return the loss of an answer, a scalar."""
        _check_names(batch.y, answer)
        if self._loss is None:
            return self.model.compute_loss(
                x=batch.x,
                y=batch.y,
                y_pred=answer,
                sample_weight=batch.sample_weight,
                **self._more,
            )
        if keras.tree.is_nested(answer):
            raise ValueError(
                "`loss` must be left out for a model of several outputs, which has one "
                "for each: give them to `model.compile`. "
                f"Received: {len(keras.tree.flatten(answer))} outputs"
            )
        loss = self._loss(batch.y, answer, sample_weight=batch.sample_weight)
        return loss + sum(ops.sum(one) for one in self.model.losses)

    def scale(self) -> float:
        """Return the factor by which the optimizer scales losses in float16."""
        optimizer = getattr(self.model, "optimizer", None)
        if self._loss is not None or optimizer is None:
            return 1.0
        return float(ops.convert_to_numpy(optimizer.scale_loss(ops.ones(()))))


def _check_names(y: Any, answer: Any) -> None:
    """Check the names of targets, of which Keras's own message doesn't tell.

    Raises:
        ValueError: A target is of none of the outputs.
    """
    if not isinstance(y, dict) or not isinstance(answer, dict):
        return
    unknown = [name for name in y if name not in answer]
    if unknown:
        raise ValueError(
            "`y` must have targets by the names of the model's outputs: "
            f"{', '.join(map(repr, answer))}. Received: {unknown[0]!r}"
        )


def _as_loss(loss: Any) -> keras.losses.Loss:
    try:
        found = keras.losses.get(loss)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "`loss` must be a loss of Keras, its name, or a function of targets and "
            f"answers. Received: loss={loss!r}"
        ) from error
    return found if isinstance(found, keras.losses.Loss) else _FunctionLoss(found)


class _FunctionLoss(keras.losses.Loss):
    """A loss of a function, averaged over the samples."""

    def __init__(self, function: Any) -> None:
        super().__init__(name="loss")
        self._function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return a loss for each sample."""
        ranks = len(y_true.shape), len(y_pred.shape)
        if ranks[0] == ranks[1] - 1 and y_pred.shape[-1] == 1:
            y_true = ops.expand_dims(y_true, -1)
        return self._function(y_true, y_pred)
