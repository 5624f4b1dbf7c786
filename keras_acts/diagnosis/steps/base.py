"""What a step gives, and what all backends share of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.diagnosis.batches import Batch
from keras_acts.diagnosis.steps.objective import Objective
from keras_acts.diagnosis.watching.recorder import Recorder
from keras_acts.diagnosis.watching.reductions import Reductions
from keras_acts.diagnosis.watching.sites import Site

Tensor = Any
Array = np.ndarray[Any, np.dtype[Any]]
NOT_CONNECTED = -1.0
"""The norm of a gradient that the loss doesn't depend on."""


@dataclass(frozen=True)
class Measured:
    """What a step gives, as tensors of the backend.

    Attributes:
        activations: Statistics by call.
        norms: The norm of the gradient of each trainable variable, in one tensor.
        loss: The loss.
        gradients: The gradients themselves.
    """

    activations: Mapping[str, Tensor]
    norms: Tensor = None
    loss: Tensor = None
    gradients: Sequence[Tensor] = ()


class Step:
    """A step that computes on the backend's tensors as they are, without gradients.

    NumPy's and OpenVINO's backends take it as it is.
    """

    has_gradients = False
    reductions: Reductions = Reductions()

    def __init__(self, model: Any, objective: Objective | None) -> None:
        self.model = model
        self.objective = objective
        self.sites: tuple[Site, ...] = ()
        self.recorder = Recorder({}, self.reductions)
        self.placed: Any = None

    def watch(self, sites: tuple[Site, ...], recorder: Recorder) -> None:
        """Set what is listened to from now on."""
        self.sites, self.recorder = sites, recorder
        recorder.reachable = self.reachable

    def scout(self, x: Any) -> Any:
        """Call the model once as it is, and return its answer."""
        self.placed = self.place()
        with keras.StatelessScope(initialize_variables=False):
            return self.model(x, training=False)

    def place(self) -> Any:
        """Return what a step is traced into at present; None where it isn't traced."""
        return None

    def reachable(self, tensor: Tensor) -> bool:
        """Whether a step can read a tensor, as it can't inside of a compiled loop."""
        del tensor
        return True

    def values(self, function: Callable[..., Any], points: Array) -> Array:
        """Return what a function gives at points."""
        found = function(keras.ops.convert_to_tensor(points))
        return np.asarray(keras.ops.convert_to_numpy(found), np.float32)

    def derivative(self, function: Callable[..., Any], points: Array) -> Array:
        """Return a function's derivative at points: the flatter of its two sides."""
        width = np.float32(0.01)
        here, left, right = (
            self.values(function, x) for x in (points, points - width, points + width)
        )
        left_slope, right_slope = (here - left) / width, (right - here) / width
        flatter = np.abs(left_slope) < np.abs(right_slope)
        found: Array = np.where(flatter, left_slope, right_slope)
        return found

    def statistics(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure the activations of a batch, as the model is used."""
        with keras.StatelessScope(initialize_variables=False):
            _, found = self.answer(batch.x, ends, training=False)
        return Measured(found)

    def gradients(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure activations and gradients of a batch, as the model is trained."""
        raise NotImplementedError

    def answer(
        self, x: Any, ends: Mapping[str, Any], *, training: bool
    ) -> tuple[Any, dict[str, Tensor]]:
        """Call the model; return its answer and the statistics of its activations."""
        self.placed = self.place()
        with self.recorder.recording(self.sites, ends) as found:
            answer = self.model(x, training=training)
        return answer, found

    def loss(self, batch: Batch, answer: Any) -> Tensor:
        """Return the loss of an answer."""
        assert self.objective is not None
        return self.objective(batch, answer)
