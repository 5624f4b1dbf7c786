"""A measured step of JAX, compiled unless the model runs eagerly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.extend.core
import jax.numpy as jnp
import keras

from keras_acts.diagnosis.batches import Batch
from keras_acts.diagnosis.steps.base import Array, Measured, Step
from keras_acts.diagnosis.steps.objective import Objective
from keras_acts.diagnosis.watching.recorder import Recorder
from keras_acts.diagnosis.watching.sites import Site

# Its home before JAX 0.8 is `jax.core`.
_trace_state = getattr(jax.extend.core, "get_opaque_trace_state", None) or (
    jax.core.get_opaque_trace_state
)

Values = Sequence[Any]


class JaxStep(Step):
    """Forward, or forward and backward by `jax.value_and_grad`, under `jax.jit`.

    The model's state goes in as values, as Keras trains it.
    """

    has_gradients = True

    def __init__(self, model: Any, objective: Objective | None) -> None:
        super().__init__(model, objective)
        self._compile()

    def watch(self, sites: tuple[Site, ...], recorder: Recorder) -> None:
        """Set what is listened to from now on."""
        super().watch(sites, recorder)
        self._compile()

    def _compile(self) -> None:
        eager = getattr(self.model, "run_eagerly", False)
        differentiated = jax.value_and_grad(self._backward, has_aux=True)
        self._statistics: Callable[..., Any] = self._forward
        self._gradients: Callable[..., Any] = differentiated
        if not eager:
            self._statistics = jax.jit(self._forward)
            self._gradients = jax.jit(differentiated)

    def scout(self, x: Any) -> Any:
        """Call the model once on shapes alone, and return its answer."""
        answers = []

        def call(x: Any) -> None:
            answers.append(super(JaxStep, self).scout(x))

        jax.eval_shape(call, x)
        return answers[0]

    def place(self) -> Any:
        """Return the trace that is going on."""
        return _trace_state()

    def reachable(self, tensor: Any) -> bool:
        """Whether the call is not one inside of a loop or branch."""
        del tensor
        return bool(_trace_state() == self.placed)

    def values(self, function: Callable[..., Any], points: Array) -> Array:
        """Return what a function gives at points."""
        return super().values(jax.jit(function), points)

    def derivative(self, function: Callable[..., Any], points: Array) -> Array:
        """Return a function's derivative at points."""

        def total(x: Any) -> Any:
            return jnp.sum(function(x))

        slope = jax.jit(jax.grad(total))
        slopes: Array = keras.ops.convert_to_numpy(slope(jnp.asarray(points)))
        return slopes

    def statistics(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure the activations of a batch, as the model is used."""
        return Measured(self._statistics(*self._state(), batch.x, ends))

    def gradients(self, batch: Batch, ends: Mapping[str, Any]) -> Measured:
        """Measure activations and gradients of a batch, as the model is trained."""
        assert self.objective is not None
        scale = self.objective.scale()
        given = batch.x, batch.y, batch.sample_weight
        (_, found), gradients = self._gradients(*self._state(), given, ends, scale)
        activations, loss = found
        norms = jnp.stack(
            [jnp.linalg.norm(g.astype("float32").ravel()) / scale for g in gradients]
        )
        if scale != 1.0:
            gradients = [g / scale for g in gradients]
        return Measured(activations, norms, loss, gradients)

    def _state(self) -> tuple[Values, Values]:
        model = self.model
        kinds = model.trainable_variables, model.non_trainable_variables
        trainable, others = ([one.value for one in kind] for kind in kinds)
        return trainable, others

    def _scope(self, trainable: Values, others: Values) -> keras.StatelessScope:
        model = self.model
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        values = [*trainable, *others]
        pairs = list(zip(variables, values, strict=True))
        return keras.StatelessScope(pairs, initialize_variables=False)

    def _forward(
        self, trainable: Values, others: Values, x: Any, ends: Mapping[str, Any]
    ) -> dict[str, Any]:
        with self._scope(trainable, others):
            return self.answer(x, ends, training=False)[1]

    def _backward(
        self,
        trainable: Values,
        others: Values,
        given: tuple[Any, Any, Any],
        ends: Mapping[str, Any],
        scale: Any,
    ) -> tuple[Any, Any]:
        batch = Batch(*given)
        with self._scope(trainable, others):
            answer, found = self.answer(batch.x, ends, training=True)
            loss = self.loss(batch, answer)
        return loss * scale, (found, loss)
