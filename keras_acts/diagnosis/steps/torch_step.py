"""A measured step of torch, eager as its training is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import torch

from keras_acts.diagnosis.batches import Batch
from keras_acts.diagnosis.steps.base import NOT_CONNECTED, Array, Measured, Step
from keras_acts.diagnosis.watching.reductions import TorchReductions


class TorchStep(Step):
    """Forward without gradients, or forward and backward by `torch.autograd.grad`."""

    has_gradients = True
    reductions = TorchReductions()

    def scout(self, x: Any) -> Any:
        """Call the model once as it is, and return its answer."""
        with torch.no_grad():
            return super().scout(x)

    def derivative(self, function: Callable[..., Any], points: Array) -> Array:
        """Return a function's derivative at points."""
        x = keras.ops.convert_to_tensor(points).requires_grad_()
        with torch.enable_grad():
            (found,) = torch.autograd.grad(function(x).sum(), x)
        slopes: Array = keras.ops.convert_to_numpy(found)
        return slopes

    def statistics(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure the activations of a batch, as the model is used."""
        with torch.no_grad():
            return super().statistics(batch, ends)

    def gradients(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure activations and gradients of a batch, as the model is trained."""
        assert self.objective is not None
        scale = self.objective.scale()
        variables = [one.value for one in self.model.trainable_variables]
        with torch.enable_grad(), keras.StatelessScope(initialize_variables=False):
            answer, found = self.answer(batch.x, ends, training=True)
            loss = self.loss(batch, answer)
        gradients = torch.autograd.grad(loss * scale, variables, allow_unused=True)
        if scale != 1.0:
            gradients = tuple(None if g is None else g / scale for g in gradients)
        missing = loss.new_tensor(NOT_CONNECTED, dtype=torch.float32)
        norms = [
            missing if g is None else torch.linalg.vector_norm(g, dtype=torch.float32)
            for g in gradients
        ]
        return Measured(found, torch.stack(norms), loss.detach(), gradients)
