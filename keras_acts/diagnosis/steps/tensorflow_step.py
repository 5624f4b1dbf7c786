"""A measured step of TensorFlow, compiled unless the model runs eagerly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from keras_acts.diagnosis.batches import Batch
from keras_acts.diagnosis.steps.base import NOT_CONNECTED, Array, Measured, Step
from keras_acts.diagnosis.steps.objective import Objective
from keras_acts.diagnosis.watching.recorder import Recorder
from keras_acts.diagnosis.watching.reductions import TensorFlowReductions
from keras_acts.diagnosis.watching.sites import Site


class TensorFlowStep(Step):
    """Forward, or forward and backward by a `GradientTape`, as a `tf.function`."""

    has_gradients = True
    reductions = TensorFlowReductions()

    def __init__(self, model: Any, objective: Objective | None) -> None:
        super().__init__(model, objective)
        self._compile()

    def watch(self, sites: tuple[Site, ...], recorder: Recorder) -> None:
        """Set what is listened to from now on."""
        super().watch(sites, recorder)
        self._compile()

    def _compile(self) -> None:
        self._statistics = self._compiled(self._forward)
        self._gradients = self._compiled(self._backward)

    def _compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if getattr(self.model, "run_eagerly", False):
            return function
        compiled: Callable[..., Any] = tf.function(
            function,
            autograph=False,
            reduce_retracing=True,
            jit_compile=bool(getattr(self.model, "jit_compile", False)),
        )
        return compiled

    def place(self) -> Any:
        """Return the graph that a step is traced into."""
        return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

    def reachable(self, tensor: Any) -> bool:
        """Whether a tensor is not one of a graph inside the step's, as of a loop."""
        return self.placed is None or getattr(tensor, "graph", None) is self.placed

    def derivative(self, function: Callable[..., Any], points: Array) -> Array:
        """Return a function's derivative at points."""
        x = tf.convert_to_tensor(points)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        slopes: Array = keras.ops.convert_to_numpy(tape.gradient(y, x))
        return slopes

    def statistics(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure the activations of a batch, as the model is used."""
        return Measured(self._statistics(batch.x, ends))

    def gradients(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure activations and gradients of a batch, as the model is trained."""
        assert self.objective is not None
        scale = tf.constant(self.objective.scale())
        given = batch.x, batch.y, batch.sample_weight
        return Measured(*self._gradients(given, ends, scale))

    def _forward(self, x: Any, ends: Mapping[str, Any]) -> dict[str, Any]:
        with keras.StatelessScope(initialize_variables=False):
            return self.answer(x, ends, training=False)[1]

    def _backward(
        self, given: tuple[Any, Any, Any], ends: Mapping[str, Any], scale: Any
    ) -> tuple[Any, ...]:
        batch = Batch(*given)
        variables = [one.value for one in self.model.trainable_variables]
        scope = keras.StatelessScope(initialize_variables=False)
        with tf.GradientTape() as tape, scope:
            answer, found = self.answer(batch.x, ends, training=True)
            loss = self.loss(batch, answer)
            scaled = loss * tf.cast(scale, loss.dtype)
        gradients = [
            None if g is None else tf.convert_to_tensor(g) / tf.cast(scale, g.dtype)
            for g in tape.gradient(scaled, variables)
        ]
        norms = [
            tf.constant(NOT_CONNECTED)
            if g is None
            else tf.sqrt(tf.reduce_sum(tf.square(tf.cast(g, tf.float32))))
            for g in gradients
        ]
        return found, tf.stack(norms), loss, gradients
